// One server of C-raft (Debian's libraft-dev), whose state machine only counts, behind a small TCP
// front end, for tools/bench/peers/peers.py.
//
// raft-server ID DIR CLIENT-PORT ADDRESS ADDRESS ADDRESS
// A frame of a client is the length of an entry (4 bytes, the machine's order) and the entry; the
// answer is one byte, in the order of the entries: 1, it is applied.  An empty entry asks whether
// this server leads.

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <uv.h>

// They are C's.
extern "C" {
#include <raft.h>
#include <raft/uv.h>
}

namespace {

[[noreturn]] void fail(const std::string& what, const char* why) {
  std::fprintf(stderr, "raft-server: %s: %s\n", what.c_str(), why);
  std::exit(1);
}

void need(int result, const char* what) {
  if (result != 0) fail(what, result < 0 ? uv_strerror(result) : raft_strerror(result));
}

class Server;

// Its name is a function's as well.
using Apply = struct raft_apply;

class Client {
 public:
  explicit Client(Server& server) : server_(server) {}

  void start(uv_stream_t* listener);
  void answer(char what);
  void flush();

 private:
  void take(const char* bytes, std::size_t size);
  void apply(const char* entry, std::uint32_t size);

  Server& server_;
  uv_tcp_t socket_{};
  std::vector<char> buffer_ = std::vector<char>(64 << 10);
  std::string arrived_;
  std::string out_;
};

class Server {
 public:
  Server(raft_id id, const std::string& directory, int port, char** addresses) {
    need(uv_loop_init(&loop_), "loop");
    need(raft_uv_tcp_init(&transport_, &loop_), "transport");
    need(raft_uv_init(&io_, &loop_, directory.c_str(), &transport_), "io");
    fsm_.version = 1;
    fsm_.data = this;
    fsm_.apply = [](raft_fsm*, const raft_buffer*, void**) { return 0; };
    fsm_.snapshot = [](raft_fsm*, raft_buffer* buffers[], unsigned* count) {
      *count = 1;
      *buffers = static_cast<raft_buffer*>(raft_malloc(sizeof(raft_buffer)));
      (*buffers)->len = 8;
      (*buffers)->base = raft_calloc(1, 8);
      return 0;
    };
    fsm_.restore = [](raft_fsm*, raft_buffer* buffer) {
      raft_free(buffer->base);
      return 0;
    };
    need(raft_init(&raft_, &io_, &fsm_, id, addresses[id - 1]), "raft_init");
    raft_configuration members;
    raft_configuration_init(&members);
    for (raft_id i = 1; i <= 3; ++i)
      need(raft_configuration_add(&members, i, addresses[i - 1], RAFT_VOTER), "configuration");
    const int made = raft_bootstrap(&raft_, &members);
    if (made != 0 && made != RAFT_CANTBOOTSTRAP) need(made, "bootstrap");
    raft_configuration_close(&members);
    raft_set_pre_vote(&raft_, true);
    need(raft_start(&raft_), "raft_start");
    listen(port);
  }

  void run() { uv_run(&loop_, UV_RUN_DEFAULT); }

  raft* core() { return &raft_; }

  uv_loop_t* loop() { return &loop_; }

  void mark(Client* client) { to_flush_.insert(client); }

 private:
  void listen(int port) {
    need(uv_tcp_init(&loop_, &listener_), "listener");
    listener_.data = this;
    sockaddr_in at{};
    need(uv_ip4_addr("127.0.0.1", port, &at), "address");
    need(uv_tcp_bind(&listener_, reinterpret_cast<const sockaddr*>(&at), 0), "bind");
    const auto on_client = [](uv_stream_t* listener, int) {
      auto* const self = static_cast<Server*>(listener->data);
      self->clients_.push_back(std::make_unique<Client>(*self));
      self->clients_.back()->start(listener);
    };
    need(uv_listen(reinterpret_cast<uv_stream_t*>(&listener_), 128, on_client), "listen");
    // What was answered in one turn of the loop leaves together.
    need(uv_prepare_init(&loop_, &flush_), "prepare");
    flush_.data = this;
    const auto on_turn = [](uv_prepare_t* handle) {
      auto* const self = static_cast<Server*>(handle->data);
      for (Client* const client : self->to_flush_)
        client->flush();
      self->to_flush_.clear();
    };
    need(uv_prepare_start(&flush_, on_turn), "prepare");
  }

  uv_loop_t loop_{};
  raft_uv_transport transport_{};
  raft_io io_{};
  raft_fsm fsm_{};
  raft raft_{};
  uv_tcp_t listener_{};
  uv_prepare_t flush_{};
  std::vector<std::unique_ptr<Client>> clients_;
  std::set<Client*> to_flush_;
};

void Client::start(uv_stream_t* listener) {
  need(uv_tcp_init(server_.loop(), &socket_), "client");
  socket_.data = this;
  need(uv_accept(listener, reinterpret_cast<uv_stream_t*>(&socket_)), "accept");
  uv_tcp_nodelay(&socket_, 1);
  const auto on_room = [](uv_handle_t* handle, std::size_t, uv_buf_t* into) {
    std::vector<char>& buffer = static_cast<Client*>(handle->data)->buffer_;
    *into = uv_buf_init(buffer.data(), static_cast<unsigned>(buffer.size()));
  };
  const auto on_read = [](uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
    auto* const self = static_cast<Client*>(stream->data);
    if (size > 0) self->take(buffer->base, static_cast<std::size_t>(size));
    if (size < 0) uv_read_stop(stream);
  };
  need(uv_read_start(reinterpret_cast<uv_stream_t*>(&socket_), on_room, on_read), "read");
}

void Client::take(const char* bytes, std::size_t size) {
  arrived_.append(bytes, size);
  std::size_t at = 0;
  while (arrived_.size() - at >= 4) {
    std::uint32_t length = 0;
    std::memcpy(&length, arrived_.data() + at, 4);
    if (arrived_.size() - at - 4 < length) break;
    if (length == 0) {
      answer(raft_state(server_.core()) == RAFT_LEADER ? 1 : 0);
    } else {
      apply(arrived_.data() + at + 4, length);
    }
    at += 4 + length;
  }
  arrived_.erase(0, at);
}

void Client::apply(const char* entry, std::uint32_t size) {
  // It wants whole words.
  raft_buffer buffer{.base = nullptr, .len = (size + 7) / 8 * 8};
  buffer.base = raft_calloc(1, buffer.len);
  std::memcpy(buffer.base, entry, size);
  auto* const request = new Apply{};
  request->data = this;
  const auto on_applied = [](Apply* done, int status, void*) {
    static_cast<Client*>(done->data)->answer(status == 0 ? 1 : 0);
    delete done;
  };
  if (raft_apply(server_.core(), request, &buffer, 1, on_applied) == 0) return;
  raft_free(buffer.base);
  delete request;
  answer(0);
}

void Client::answer(char what) {
  out_.push_back(what);
  server_.mark(this);
}

void Client::flush() {
  struct Write {
    uv_write_t request{};
    std::string bytes;
  };

  auto* const write = new Write{.request = {}, .bytes = std::move(out_)};
  out_.clear();
  write->request.data = write;
  const uv_buf_t buffer =
      uv_buf_init(write->bytes.data(), static_cast<unsigned>(write->bytes.size()));
  const auto on_written = [](uv_write_t* request, int) {
    delete static_cast<Write*>(request->data);
  };
  const int begun =
      uv_write(&write->request, reinterpret_cast<uv_stream_t*>(&socket_), &buffer, 1, on_written);
  if (begun != 0) delete write;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) fail("wants", "ID DIR CLIENT-PORT ADDRESS ADDRESS ADDRESS");
  const int id = std::atoi(argv[1]);
  if (id < 1 || id > 3) fail(argv[1], "an id is 1, 2 or 3");
  // A client may be gone before its answers.
  std::signal(SIGPIPE, SIG_IGN);
  if (::mkdir(argv[2], 0755) != 0 && errno != EEXIST) fail(argv[2], std::strerror(errno));
  Server server(static_cast<raft_id>(id), argv[2], std::atoi(argv[3]), argv + 4);
  server.run();
}
