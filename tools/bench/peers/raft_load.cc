// A load on C-raft behind raft-server, as grpc-load is one on etcd.
//
// raft-load HOST PORT OUTSTANDING CONNECTIONS BYTES SECONDS WARM-UP-SECONDS
// raft-load HOST PORT: exits with 0 if the server there leads, else with 1.

#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <poll.h>

#include "tools/bench/peers/load.h"
#include "tools/bench/peers/socket.h"

namespace {

using holdfast::peers::Counted;
using holdfast::peers::fail;
using holdfast::peers::Load;
using holdfast::peers::now_ns;
using holdfast::peers::number_of;
using holdfast::peers::progress_all;
using holdfast::peers::Socket;

std::string frame_of(std::uint32_t size) {
  std::string frame(4, '\0');
  std::memcpy(frame.data(), &size, 4);
  return frame.append(size, 'x');
}

class Line {
 public:
  Line(const Load& load, std::size_t number, Counted& counted)
      : load_(load),
        frame_(frame_of(static_cast<std::uint32_t>(load.bytes))),
        counted_(counted),
        socket_(load.host, load.port) {
    for (std::size_t i = 0; i < load.share(number); ++i)
      put();
    socket_.flush();
  }

  pollfd handle() const { return socket_.handle(false); }

  void progress() {
    socket_.receive([this](std::string_view answers) {
      for (const char answer : answers) {
        counted_.ended(began_.front(), answer == 1);
        began_.pop_front();
        if (now_ns() < load_.to_ns) put();
      }
    });
    socket_.flush();
  }

 private:
  void put() {
    began_.push_back(now_ns());
    socket_.put(frame_);
  }

  const Load& load_;
  const std::string frame_;
  Counted& counted_;
  Socket socket_;
  // Answers come in the order of the entries.
  std::deque<std::int64_t> began_;
};

bool leads(const std::string& host, std::uint16_t port) {
  Socket socket(host, port);
  socket.put(frame_of(0));
  socket.flush();
  pollfd handle = socket.handle(false);
  ::poll(&handle, 1, 1000);
  bool leads = false;
  socket.receive([&](std::string_view answer) { leads = answer == "\1"; });
  return leads;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3) return leads(argv[1], number_of<std::uint16_t>(argv[2])) ? 0 : 1;
  if (argc != Load::kArgumentCount + 1) fail(std::string("wants ") + Load::kArguments);
  const Load load = Load::of(argv + 1);
  Counted counted(load);
  std::vector<std::unique_ptr<Line>> lines;
  for (std::size_t i = 0; i < load.connections; ++i)
    lines.push_back(std::make_unique<Line>(load, i, counted));
  return counted.run([&] { progress_all(lines); });
}
