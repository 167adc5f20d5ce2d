// A client of a running cluster: appends every line of standard input, then prints the whole log.
//
//   copy_lines CLUSTER-ID HOST:PORT...      the client addresses of the members, in the order of
//   their ids from 1 on
//
// The lines are sent without waiting for each other, and each is in the log once, also when the
// coordinator dies meanwhile.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <string>

#include "real/client/append_stream.h"
#include "real/client/client.h"

namespace {

using namespace holdfast;

constexpr Duration kPatience = Duration::seconds(10);

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "copy_lines: %s\n", why.c_str());
  std::exit(1);
}

real::ClientOptions options_of(int argc, char** argv) {
  if (argc < 3) fail("usage: copy_lines CLUSTER-ID HOST:PORT...");
  real::ClientOptions options{.cluster = std::strtoull(argv[1], nullptr, 10), .log = 1};
  for (int i = 2; i < argc; ++i) {
    const auto address = real::Address::parse(argv[i]);
    if (!address) fail(std::string(argv[i]) + ": " + address.error());
    options.members.push_back({NodeId{static_cast<std::uint8_t>(i - 1)}, *address});
  }
  return options;
}

// A name that no other client has, so that its keys are its own.
std::uint64_t draw_name() {
  std::random_device device;
  return (std::uint64_t{device()} << 32 | device()) | 1;
}

void append_lines(const real::ClientOptions& options) {
  real::AppendStream stream(options, kPatience);
  const std::uint64_t name = draw_name();
  std::uint64_t sequence = 0;
  std::string line;
  while (std::getline(std::cin, line)) {
    stream.append(line, {name, ++sequence}, [](const real::ClientResult<Position>& position) {
      if (!position) fail(position.error().text);
    });
    // So many at a time; what is answered makes room.
    while (stream.outstanding() >= 64)
      stream.wait(Instant::never());
  }
  while (stream.outstanding() > 0)
    stream.wait(Instant::never());
}

void print_log(const real::ClientOptions& options) {
  real::Client client(options);
  const NodeId member = options.members.front().id;
  // Everything that anybody was told is written, before the call.
  const auto end = client.catchup(member, kPatience);
  if (!end) fail(end.error().text);
  real::ReadRequest range;
  do {
    const auto page = client.read(member, range, kPatience);
    if (!page) fail(page.error().text);
    for (const real::ReadEntry& entry : page->entries)
      std::cout << entry.position.value << '\t' << *entry.bytes << '\n';
    range.from = page->next;
  } while (range.from);
}

}  // namespace

int main(int argc, char** argv) {
  const real::ClientOptions options = options_of(argc, argv);
  append_lines(options);
  print_log(options);
}
