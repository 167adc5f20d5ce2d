// A load on ZooKeeper, as grpc-load is one on etcd: a closed loop that sets the data of one node
// for each connection, by ZooKeeper's own C client without threads.
//
// zookeeper-load HOST PORT OUTSTANDING CONNECTIONS BYTES SECONDS WARM-UP-SECONDS

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include <poll.h>
#include <zookeeper/zookeeper.h>

#include "tools/bench/peers/load.h"

namespace {

using holdfast::peers::Counted;
using holdfast::peers::fail;
using holdfast::peers::Load;
using holdfast::peers::now_ns;

class Session {
 public:
  Session(const Load& load, std::size_t number, Counted& counted)
      : load_(load),
        path_("/load-" + std::to_string(number)),
        data_(load.bytes, 'x'),
        calls_(load.share(number)),
        counted_(counted) {
    const std::string host = load.host + ":" + std::to_string(load.port);
    handle_ = zookeeper_init(host.c_str(), &Session::on_event, 10'000, nullptr, this, 0);
    if (handle_ == nullptr) fail("zookeeper_init: " + std::string(std::strerror(errno)));
    for (Call& call : calls_)
      call.session = this;
  }

  ~Session() { zookeeper_close(handle_); }

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  bool ready() const { return ready_; }

  // What to wait for; a file of -1: nothing.
  pollfd wanted() {
    int file = -1;
    int interest = 0;
    timeval patience{};
    zookeeper_interest(handle_, &file, &interest, &patience);
    const int events = ((interest & ZOOKEEPER_READ) != 0 ? POLLIN : 0) |
                       ((interest & ZOOKEEPER_WRITE) != 0 ? POLLOUT : 0);
    return {.fd = file, .events = static_cast<short>(events), .revents = 0};
  }

  void progress(const pollfd& polled) {
    const int events = ((polled.revents & POLLIN) != 0 ? ZOOKEEPER_READ : 0) |
                       ((polled.revents & POLLOUT) != 0 ? ZOOKEEPER_WRITE : 0);
    const int done = zookeeper_process(handle_, events);
    if (done != ZOK && done != ZNOTHING && ready_) fail(zerror(done));
  }

  void begin() {
    for (Call& call : calls_)
      put(call);
  }

 private:
  struct Call {
    Session* session = nullptr;
    std::int64_t began_ns = 0;
  };

  static void on_event(zhandle_t* handle, int type, int state, const char*, void* self) {
    if (type != ZOO_SESSION_EVENT || state != ZOO_CONNECTED_STATE) return;
    auto* const session = static_cast<Session*>(self);
    const int begun = zoo_acreate(
        handle, session->path_.c_str(), "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, &Session::on_made, self);
    if (begun != ZOK) fail(zerror(begun));
  }

  static void on_made(int result, const char*, const void* self) {
    if (result != ZOK && result != ZNODEEXISTS) fail(zerror(result));
    static_cast<Session*>(const_cast<void*>(self))->ready_ = true;
  }

  static void on_set(int result, const Stat*, const void* data) {
    auto& call = *static_cast<Call*>(const_cast<void*>(data));
    call.session->counted_.ended(call.began_ns, result == ZOK);
    if (now_ns() < call.session->load_.to_ns) call.session->put(call);
  }

  void put(Call& call) {
    call.began_ns = now_ns();
    const int begun = zoo_aset(handle_,
                               path_.c_str(),
                               data_.data(),
                               static_cast<int>(data_.size()),
                               -1,
                               &Session::on_set,
                               &call);
    if (begun != ZOK) fail(zerror(begun));
  }

  const Load& load_;
  const std::string path_;
  const std::string data_;
  std::vector<Call> calls_;
  Counted& counted_;
  zhandle_t* handle_ = nullptr;
  bool ready_ = false;
};

void progress_all(const std::vector<std::unique_ptr<Session>>& sessions) {
  std::vector<pollfd> polled;
  for (const auto& session : sessions)
    polled.push_back(session->wanted());
  ::poll(polled.data(), polled.size(), 100);
  for (std::size_t i = 0; i < sessions.size(); ++i)
    sessions[i]->progress(polled[i]);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != Load::kArgumentCount + 1) fail(std::string("wants ") + Load::kArguments);
  zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
  Load load = Load::of(argv + 1);
  Counted counted(load);
  std::vector<std::unique_ptr<Session>> sessions;
  for (std::size_t i = 0; i < load.connections; ++i)
    sessions.push_back(std::make_unique<Session>(load, i, counted));
  const auto waiting = [&] {
    for (const auto& session : sessions)
      if (!session->ready()) return true;
    return false;
  };
  const std::int64_t patience = now_ns() + 10'000'000'000;
  while (waiting()) {
    if (now_ns() > patience) fail("no session within 10 s");
    progress_all(sessions);
  }
  for (const auto& session : sessions)
    session->begin();
  return counted.run([&] { progress_all(sessions); });
}
