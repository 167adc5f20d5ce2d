#include "real/server/grpc/grpc_door.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "real/ports/monotonic.h"
#include "real/server/grpc/calls.h"
#include "real/server/grpc/holdfast.grpc.pb.h"

namespace holdfast::real {
namespace {

using namespace grpc_api;

// How soon changed certificates are noticed, in seconds.
constexpr unsigned kCertificatesAge = 10;
// What messages that are being received may take.
constexpr std::size_t kMemoryMax = 256 << 20;
constexpr int kThreadsMax = 8;

void fill_written(v1::AppendResponse& out, const Written& written, const Config&) {
  out.set_position(written.position.value);
}

void fill_truncated(v1::TruncateResponse& out, const Written& written, const Config&) {
  out.set_position(written.position.value);
}

void fill_caught_up(v1::CatchUpResponse& out, const CaughtUp& caught_up, const Config&) {
  if (caught_up.upto) out.set_upto(caught_up.upto->value);
}

std::optional<Position> position_of(bool is_there, std::uint64_t value, Reading& reading) {
  if (!is_there) return std::nullopt;
  if (value > Position::max().value) {
    reading.wrong =
        Failed{.kind = ErrorKind::kBadRequest,
               .text = "there is no position " + std::to_string(value) + ", they are not so large"};
  }
  return Position{value};
}

// What gRPC has to say becomes lines of the journal, each place once a minute.  It takes a plain
// function, so there is one journal for all of a process.
class GrpcLog {
 public:
  static void say_to(Journal& journal) {
    const std::lock_guard lock(log().mutex_);
    log().journal_ = &journal;
    gpr_set_log_function(take);
  }

  static void stop() {
    const std::lock_guard lock(log().mutex_);
    log().journal_ = nullptr;
  }

 private:
  static GrpcLog& log() {
    static GrpcLog log;
    return log;
  }

  static void take(gpr_log_func_args* said) {
    if (said->severity < GPR_LOG_SEVERITY_ERROR) return;
    const std::lock_guard lock(log().mutex_);
    std::uint64_t held_back = 0;
    const std::string place = std::string(said->file) + ":" + std::to_string(said->line);
    if (log().journal_ == nullptr || !log().quiet_.allows(place, monotonic_now(), held_back)) {
      return;
    }
    log().journal_->say(
        Level::kWarning,
        "grpc",
        {{"why", std::string(said->message)}, {"held_back", std::to_string(held_back)}});
  }

  std::mutex mutex_;
  Journal* journal_ = nullptr;
  OncePerMinute quiet_;
};

std::shared_ptr<grpc::ServerCredentials> credentials_of(const Config& config) {
  if (!config.tls) return grpc::InsecureServerCredentials();
  namespace experimental = grpc::experimental;
  experimental::TlsServerCredentialsOptions options(
      std::make_shared<experimental::FileWatcherCertificateProvider>(config.tls->files.key,
                                                                     config.tls->files.certificate,
                                                                     config.tls->client_authority,
                                                                     kCertificatesAge));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return experimental::TlsServerCredentials(options);
}

class GrpcDoor final : public ClientDoor, private v1::Log::CallbackService {
 public:
  GrpcDoor(EventLoop& loop, Journal& journal, const Config& config, ClientPort::Handle handle)
      : config_(config),
        calls_(loop, config, std::move(handle)) {
    GrpcLog::say_to(journal);
  }

  ~GrpcDoor() override {
    close();
    GrpcLog::stop();
  }

  // The error says what to do.
  tl::expected<void, std::string> open() {
    const std::string address = config_.member(config_.self->id).grpc_address->text();
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(address, credentials_of(config_), &port);
    builder.RegisterService(this);
    builder.SetMaxReceiveMessageSize(static_cast<int>(
        std::min<std::size_t>(config_.client_frame_bytes_max(), std::size_t{1} << 30)));
    // Two members at one port would each get some of the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    grpc::ResourceQuota quota("holdfast");
    quota.Resize(kMemoryMax).SetMaxThreads(kThreadsMax);
    builder.SetResourceQuota(quota);
    server_ = builder.BuildAndStart();
    if (server_ != nullptr && port != 0) return {};
    return tl::unexpected("cannot listen at " + address +
                          " for gRPC; free the port, or configure another grpc_address");
  }

  void wind_down() override { calls_.wind_down(); }

  std::size_t waiting() const override { return calls_.waiting(); }

  void close() override {
    if (server_ == nullptr) return;
    calls_.stop();
    server_->Shutdown(std::chrono::system_clock::now());
    server_ = nullptr;
  }

 private:
  using Context = grpc::CallbackServerContext;

  // Begins on the loop's thread, and is kept until gRPC has done with it.
  template <typename T>
  T* begin(std::shared_ptr<T> call) {
    T* const reactor = call.get();
    if (calls_.add(call)) {
      calls_.loop().post([call = std::move(call)] {
        if (!call->ended()) call->begin();
      });
    } else {
      // The loop runs no more, and the server that is shut down waits for this one as well.
      call->fail({.kind = ErrorKind::kStopping, .text = "the member ends"});
    }
    return reactor;
  }

  template <typename Out, typename Body, typename Question>
  grpc::ServerUnaryReactor* ask(Context* context,
                                Question question,
                                Out* out,
                                typename UnaryCall<Out, Body>::Fill fill) {
    return begin(
        std::make_shared<UnaryCall<Out, Body>>(calls_, *context, std::move(question), *out, fill));
  }

  grpc::ServerUnaryReactor* Append(Context* context,
                                   const v1::AppendRequest* in,
                                   v1::AppendResponse* out) override {
    return ask<v1::AppendResponse, Written>(
        context, request_of(v1::AppendRequest(*in)), out, fill_written);
  }

  grpc::ServerBidiReactor<v1::AppendStreamRequest, v1::AppendStreamResponse>* AppendStream(
      Context* context) override {
    return begin(std::make_shared<AppendStreamCall>(calls_, *context));
  }

  grpc::ServerWriteReactor<v1::Page>* Read(Context* context, const v1::ReadRequest* in) override {
    Reading reading;
    reading.from = position_of(in->has_from(), in->from(), reading);
    reading.to = position_of(in->has_to(), in->to(), reading);
    reading.await = position_of(in->has_await(), in->await(), reading);
    reading.linearizable = in->level() == v1::LINEARIZABLE;
    return begin(std::make_shared<ReadCall>(calls_, *context, reading));
  }

  grpc::ServerWriteReactor<v1::Page>* Tail(Context* context, const v1::TailRequest* in) override {
    Reading reading{.follow = true};
    reading.from = position_of(in->has_from(), in->from(), reading);
    return begin(std::make_shared<ReadCall>(calls_, *context, reading));
  }

  grpc::ServerUnaryReactor* Truncate(Context* context,
                                     const v1::TruncateRequest* in,
                                     v1::TruncateResponse* out) override {
    // No log is as long; further than that a request cannot say.
    const Position to{std::min(in->to(), Position::max().value)};
    return ask<v1::TruncateResponse, Written>(context, TruncateRequest{to}, out, fill_truncated);
  }

  grpc::ServerUnaryReactor* CatchUp(Context* context,
                                    const v1::CatchUpRequest*,
                                    v1::CatchUpResponse* out) override {
    return ask<v1::CatchUpResponse, CaughtUp>(context, CatchupRequest{}, out, fill_caught_up);
  }

  grpc::ServerUnaryReactor* Status(Context* context,
                                   const v1::StatusRequest*,
                                   v1::StatusResponse* out) override {
    return ask<v1::StatusResponse, MemberStatus>(context, StatusRequest{}, out, fill);
  }

  const Config& config_;
  Calls calls_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

tl::expected<std::unique_ptr<ClientDoor>, std::string> open_grpc_door(EventLoop& loop,
                                                                      Journal& journal,
                                                                      const Config& config,
                                                                      ClientPort::Handle handle) {
  if (!config.member(config.self->id).grpc_address) return nullptr;
  auto door = std::make_unique<GrpcDoor>(loop, journal, config, std::move(handle));
  if (const auto opened = door->open(); !opened) return tl::unexpected(opened.error());
  return door;
}

}  // namespace holdfast::real
