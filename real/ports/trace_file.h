#pragma once

// Events of a member in a file that outlives its process, however that dies: each is in the
// kernel's pages when the step that said it goes on.  (A machine that dies takes some with it:
// nothing is synced.)
//
// A page with the head, as text and numbers, then windows of equal size.  A window begins with its
// number, which rises by one from window to window in time; then records, 8 bytes aligned: size
// (32 bits, 0: there are no more), kind (16), words (16), time (64), the words, the bytes.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "protocol/env/node_id.h"

#include "real/ports/trace_ring.h"

namespace holdfast::real {

// Whose events they are.
struct TraceHead {
  std::uint64_t cluster = 0;
  std::uint64_t log = 0;
  NodeId member;
  // Seconds since 1970.
  std::uint64_t started = 0;
  // How many lives just before this one aborted, one after the other.
  std::uint64_t crashes = 0;
};

// How the life ended that wrote a file.
struct LifeEnd {
  enum class Kind : std::uint32_t {
    kNone = 0,  // it goes on; or it was killed, or the machine died
    kEnded = 1,
    kAborted = 2,
  };
  Kind kind = Kind::kNone;
  // kEnded: the exit code; kAborted: the signal.
  std::uint32_t number = 0;
  // Seconds since 1970.
  std::uint64_t at = 0;
};

class TraceFile {
 public:
  using Result = tl::expected<std::unique_ptr<TraceFile>, std::string>;

  struct Size {
    std::size_t window_bytes = 16 << 20;
    // 0: as many as there are events for; the file must not exist.  Otherwise, at least 2, the last
    // events are kept; what was there is replaced.
    std::size_t windows = 0;
  };

  // Space is taken window by window, of a ring at once; a full disk is noticed then.
  static Result create(const std::string& path, const TraceHead& head, Size size);

  static Result create(const std::string& path, const TraceHead& head) {
    return create(path, head, Size());
  }

  // Cuts off what is not used.
  ~TraceFile();

  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;

  // False: there is no space for it, nor for any later one.  Never of a ring.
  bool record(const TracedEvent& event);

  // What the file is to say of this life.  Allowed in handlers of signals.
  void mark(LifeEnd end);

 private:
  friend class TraceReader;
  struct Head;

  TraceFile(std::string path, int file, Size size);

  bool open_window();
  char* map(std::size_t offset, std::size_t bytes) const;

  std::string path_;
  int file_;
  Size size_;
  Head* head_ = nullptr;
  char* window_ = nullptr;
  std::uint64_t windows_opened_ = 0;
  // In the window: where the next record goes.
  std::size_t at_ = 0;
  bool full_ = false;
};

// Reads such a file, also one that is being written.
class TraceReader {
 public:
  static tl::expected<std::unique_ptr<TraceReader>, std::string> open(const std::string& path);

  ~TraceReader();

  TraceReader(const TraceReader&) = delete;
  TraceReader& operator=(const TraceReader&) = delete;

  const TraceHead& head() const { return head_; }

  LifeEnd end() const { return end_; }

  // The next in time; false: there is none, or damage().
  bool next(TracedEvent& event);

  // What cannot be read, and where; empty: all could.
  const std::string& damage() const { return damage_; }

 private:
  TraceReader(std::string path, const char* bytes, std::size_t size);

  std::string take_head();
  bool open_window();

  std::string path_;
  const char* bytes_;
  std::size_t size_;
  TraceHead head_;
  LifeEnd end_;
  std::size_t window_bytes_ = 0;
  // Offsets of the windows not yet read, the next one last.
  std::vector<std::size_t> windows_;
  std::size_t at_ = 0;
  std::size_t window_end_ = 0;
  std::string damage_;
};

}  // namespace holdfast::real
