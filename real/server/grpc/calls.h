#pragma once

// The calls of clients under way, as gRPC's callback API wants them.
//
// gRPC's threads make a call, and tell it what happened; each such thing is posted to the loop's
// thread, where alone the state of a call is touched, and where it is ended.  A call that has ended
// is gone when gRPC has done with it.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "real/ports/event_loop.h"
#include "real/server/client_port.h"
#include "real/server/grpc/convert.h"

namespace holdfast::real::grpc_api {

class Call;

// What all calls of a door have in common.
class Calls {
 public:
  // Everything given by reference outlives it.
  Calls(EventLoop& loop, const Config& config, ClientPort::Handle handle)
      : loop_(loop),
        config_(config),
        handle_(std::move(handle)) {}

  // From any thread.  It is kept until it is removed.  False: no call begins any more.
  bool add(const std::shared_ptr<Call>& call);
  void remove(const std::shared_ptr<Call>& call);

  // On the loop's thread.  What is asked from now on is refused.
  void wind_down() { winding_down_ = true; }

  // On the loop's thread.  Ends all that are under way; none begins any more.
  void stop();

  // Writes that wait for their answers.
  std::size_t waiting() const { return waiting_; }

  // Asks the member.  `answered` is not called when the call is gone by then.
  void ask(const std::shared_ptr<Call>& call,
           Request request,
           std::function<void(const Response&)> answered);

  EventLoop& loop() { return loop_; }

  const Config& config() const { return config_; }

 private:
  EventLoop& loop_;
  const Config& config_;
  ClientPort::Handle handle_;
  bool winding_down_ = false;
  std::size_t waiting_ = 0;

  std::mutex mutex_;
  bool stopped_ = false;
  std::set<std::shared_ptr<Call>> calls_;
};

class Call : public std::enable_shared_from_this<Call> {
 public:
  Call(Calls& calls, grpc::CallbackServerContext& context) : calls_(calls), context_(context) {}

  virtual ~Call() = default;

  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // The first that happens on the loop's thread.
  virtual void begin() = 0;

  // On the loop's thread; later ones do nothing.
  void end(const grpc::Status& status);
  void fail(const Failed& failed);

  bool ended() const { return ended_; }

 protected:
  // Once.
  virtual void finish(const grpc::Status& status) = 0;

  // From gRPC's threads: `happened` runs on the loop's thread, unless the call has ended by then.
  template <typename Happened>
  void post(Happened happened) {
    calls_.loop().post([self = shared_from_this(), happened = std::move(happened)] {
      if (!self->ended_) happened();
    });
  }

  // gRPC has done with it.  Its end is for the loop's thread as well.
  void gone() {
    auto self = shared_from_this();
    EventLoop& loop = calls_.loop();
    calls_.remove(self);
    loop.post([self = std::move(self)] {});
  }

  // `answered` is not called after the end.
  void ask(decltype(Request::body) body, std::function<void(const Response&)> answered) {
    ask(std::move(body), patience(), std::move(answered));
  }

  void ask(decltype(Request::body) body,
           Duration patience,
           std::function<void(const Response&)> answered);

  // What is left of the client's.
  Duration patience() const;

  Calls& calls() { return calls_; }

 private:
  Calls& calls_;
  grpc::CallbackServerContext& context_;
  bool ended_ = false;
};

// A call that ends when its client gives it up, whatever kind it is.
template <typename Reactor>
class ReactorCall : public Reactor, public Call {
 public:
  using Call::Call;

  void OnCancel() override {
    post([this] { end(grpc::Status::CANCELLED); });
  }

  void OnDone() override { gone(); }

 protected:
  void finish(const grpc::Status& status) override { this->Finish(status); }
};

// One that writes more than one message, one after the other.
template <typename Reactor>
class WriterCall : public ReactorCall<Reactor> {
 public:
  using ReactorCall<Reactor>::ReactorCall;

  void OnWriteDone(bool ok) override {
    this->post([this, ok] { ok ? written() : this->end(grpc::Status::CANCELLED); });
  }

 protected:
  virtual void written() = 0;
};

// One question, one answer: `fill(out, body)` puts it into the client's terms.
template <typename Out, typename Body>
class UnaryCall final : public ReactorCall<grpc::ServerUnaryReactor> {
 public:
  using Fill = void (*)(Out&, const Body&, const Config&);

  UnaryCall(Calls& calls,
            grpc::CallbackServerContext& context,
            decltype(Request::body) question,
            Out& out,
            Fill fill)
      : ReactorCall(calls, context),
        question_(std::move(question)),
        out_(out),
        fill_(fill) {}

  void begin() override {
    ask(std::move(question_), [this](const Response& response) {
      if (const auto* failed = std::get_if<Failed>(&response.body)) return fail(*failed);
      fill_(out_, std::get<Body>(response.body), calls().config());
      end(grpc::Status::OK);
    });
  }

 private:
  decltype(Request::body) question_;
  Out& out_;
  Fill fill_;
};

// What a stream of pages is to hold.
struct Reading {
  std::optional<Position> from;
  std::optional<Position> to;
  std::optional<Position> await;
  bool linearizable = false;
  // On and on.
  bool follow = false;
  // It asks for what cannot be.
  std::optional<Failed> wrong = std::nullopt;
};

class ReadCall final : public WriterCall<grpc::ServerWriteReactor<v1::Page>> {
 public:
  ReadCall(Calls& calls, grpc::CallbackServerContext& context, const Reading& reading);

  void begin() override;

 private:
  void await_first();
  void catch_up_first();
  void choose_range();
  void take_range(const MemberStatus& status);
  void read_on();
  void take_page(const Response& response, Position to);
  void written() override;

  Reading reading_;
  // Fixed once it begins to read.
  Position next_;
  Position last_;
  v1::Page page_;
  // The member had too much to do.
  Timer again_;
};

class AppendStreamCall final
    : public WriterCall<
          grpc::ServerBidiReactor<v1::AppendStreamRequest, v1::AppendStreamResponse>> {
 public:
  using WriterCall::WriterCall;

  void begin() override { StartRead(&incoming_); }

  void OnReadDone(bool ok) override {
    post([this, ok] { ok ? take() : half_closed(); });
  }

 private:
  // Beyond these nothing more is read.
  static constexpr std::size_t kEntriesMax = 4096;
  static constexpr std::size_t kBatchesMax = 256;

  struct Batch {
    v1::AppendStreamResponse response;
    int missing = 0;
  };

  void take();
  void half_closed();
  void answered(Batch& batch, int index, const Response& response);
  void write_on();
  void written() override;
  void read_on();

  v1::AppendStreamRequest incoming_;
  bool reading_ = true;
  bool half_closed_ = false;
  bool writing_ = false;
  std::size_t entries_ = 0;
  // In the order of the requests.
  std::deque<std::unique_ptr<Batch>> batches_;
};

}  // namespace holdfast::real::grpc_api
