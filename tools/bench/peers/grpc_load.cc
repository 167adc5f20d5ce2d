// A load of unary calls, puts on etcd or appends on holdfast, as `holdfast bench` is one over
// holdfast's own protocol: closed loop, over HTTP/2 (nghttp2) with the few fields of the request
// encoded by hand, so that the client costs little.
//
// grpc-load etcd|holdfast HOST PORT OUTSTANDING CONNECTIONS BYTES SECONDS WARM-UP-SECONDS
// prints one JSON object with the names that holdfast bench uses.

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>

#include "tools/bench/peers/load.h"
#include "tools/bench/peers/socket.h"

namespace {

using holdfast::peers::Counted;
using holdfast::peers::fail;
using holdfast::peers::Load;
using holdfast::peers::now_ns;
using holdfast::peers::progress_all;
using holdfast::peers::Socket;

enum class Api : std::uint8_t { kEtcd, kHoldfast };

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

// A gRPC message: not compressed, its length, and etcd's PutRequest{key = 1, value = 2}, or
// holdfast's AppendRequest{entry = 1}.
std::string request_of(Api api, std::string_view key, std::size_t bytes) {
  std::string body("\x0a");
  if (api == Api::kEtcd) {
    put_varint(body, key.size());
    body.append(key).push_back('\x12');
  }
  put_varint(body, bytes);
  body.append(bytes, 'x');
  const auto size = htonl(static_cast<std::uint32_t>(body.size()));
  std::string message(5, '\0');
  std::memcpy(message.data() + 1, &size, sizeof(size));
  return message + body;
}

// One connection with some of the load.
class Line {
 public:
  Line(const Load& load, Api api, std::size_t number, Counted& counted)
      : load_(load),
        api_(api),
        number_(number),
        counted_(counted),
        socket_(load.host, load.port) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks,
        [](nghttp2_session*,
           const nghttp2_frame* frame,
           const std::uint8_t* name,
           std::size_t name_size,
           const std::uint8_t* value,
           std::size_t value_size,
           std::uint8_t,
           void* self) -> int {
          if (std::string_view(reinterpret_cast<const char*>(name), name_size) != "grpc-status")
            return 0;
          auto& calls = static_cast<Line*>(self)->calls_;
          const auto call = calls.find(frame->hd.stream_id);
          if (call != calls.end()) call->second->ok = value_size == 1 && *value == '0';
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
    // The answers are small, and many.
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, 1 << 28);
  }

  ~Line() { nghttp2_session_del(session_); }

  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void start() {
    for (std::size_t i = 0; i < load_.share(number_); ++i)
      put();
  }

  pollfd handle() const { return socket_.handle(nghttp2_session_want_write(session_) != 0); }

  void progress() {
    socket_.receive([this](std::string_view bytes) {
      const auto taken = nghttp2_session_mem_recv(
          session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      if (taken < 0) fail(nghttp2_strerror(static_cast<int>(taken)));
    });
    if (const int wrong = nghttp2_session_send(session_); wrong != 0) fail(nghttp2_strerror(wrong));
    socket_.flush();
  }

 private:
  struct Call {
    std::int64_t began_ns = 0;
    std::string message;
    std::size_t read = 0;
    bool ok = false;
  };

  void put() {
    auto call = std::make_unique<Call>();
    call->began_ns = now_ns();
    call->message = request_of(
        api_, "k" + std::to_string(number_) + "-" + std::to_string(++keys_), load_.bytes);
    const auto header = [](std::string_view name, std::string_view value) {
      return nghttp2_nv{reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                        reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
                        name.size(),
                        value.size(),
                        NGHTTP2_NV_FLAG_NONE};
    };
    const std::array headers{
        header(":method", "POST"),
        header(":scheme", "http"),
        header(":path", api_ == Api::kEtcd ? "/etcdserverpb.KV/Put" : "/holdfast.v1.Log/Append"),
        header(":authority", "etcd"),
        header("content-type", "application/grpc"),
        header("te", "trailers")};
    nghttp2_data_provider data{.source = {.ptr = call.get()},
                               .read_callback = [](nghttp2_session*,
                                                   std::int32_t,
                                                   std::uint8_t* into,
                                                   std::size_t size,
                                                   std::uint32_t* flags,
                                                   nghttp2_data_source* source,
                                                   void*) -> ssize_t {
                                 auto& one = *static_cast<Call*>(source->ptr);
                                 const std::size_t part =
                                     std::min(size, one.message.size() - one.read);
                                 std::memcpy(into, one.message.data() + one.read, part);
                                 one.read += part;
                                 if (one.read == one.message.size())
                                   *flags |= NGHTTP2_DATA_FLAG_EOF;
                                 return static_cast<ssize_t>(part);
                               }};
    const std::int32_t stream =
        nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(), &data, nullptr);
    if (stream < 0) fail(nghttp2_strerror(stream));
    calls_.emplace(stream, std::move(call));
  }

  void finish(std::int32_t stream) {
    const auto call = calls_.find(stream);
    counted_.ended(call->second->began_ns, call->second->ok);
    calls_.erase(call);
    if (now_ns() < load_.to_ns) put();
  }

  static ssize_t on_send(
      nghttp2_session*, const std::uint8_t* data, std::size_t size, int, void* self) {
    static_cast<Line*>(self)->socket_.put({reinterpret_cast<const char*>(data), size});
    return static_cast<ssize_t>(size);
  }

  static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t, void* self) {
    static_cast<Line*>(self)->finish(stream);
    return 0;
  }

  const Load& load_;
  const Api api_;
  const std::size_t number_;
  Counted& counted_;
  Socket socket_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<std::int32_t, std::unique_ptr<Call>> calls_;
  std::uint64_t keys_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string_view name = argc == Load::kArgumentCount + 2 ? argv[1] : "";
  if (name != "etcd" && name != "holdfast") {
    fail(std::string("wants etcd|holdfast ") + Load::kArguments);
  }
  const Api api = name == "etcd" ? Api::kEtcd : Api::kHoldfast;
  const Load load = Load::of(argv + 2);
  Counted counted(load);
  std::vector<std::unique_ptr<Line>> lines;
  for (std::size_t i = 0; i < load.connections; ++i) {
    lines.push_back(std::make_unique<Line>(load, api, i, counted));
    lines.back()->start();
    lines.back()->progress();
  }
  return counted.run([&] { progress_all(lines); });
}
