#include "real/ports/trace_file.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/env/check.h"

#include "real/ports/system_text.h"

namespace holdfast::real {
namespace {

constexpr char kMagic[] = "holdfast trace 1\n";
constexpr std::size_t kHeadBytes = 4096;
// Of a window: its number.
constexpr std::size_t kWindowHeadBytes = 8;
constexpr std::size_t kWindowBytesMax = std::size_t{1} << 30;

struct RecordHead {
  std::uint32_t size;
  std::uint16_t kind;
  std::uint16_t words;
  std::int64_t at;
};

std::size_t aligned(std::size_t bytes) {
  return (bytes + 7) / 8 * 8;
}

}  // namespace

// In the mapped page.  A copy of it is what a reader sees.
struct TraceFile::Head {
  char magic[24];
  std::uint64_t window_bytes;
  std::uint64_t cluster;
  std::uint64_t log;
  std::uint64_t member;
  std::uint64_t started;
  std::uint64_t crashes;
  std::uint64_t end_at;
  std::uint32_t end_number;
  std::uint32_t end;
};

TraceFile::TraceFile(std::string path, int file, Size size)
    : path_(std::move(path)),
      file_(file),
      size_(size) {}

TraceFile::Result TraceFile::create(const std::string& path, const TraceHead& head, Size size) {
  HOLDFAST_REQUIRE(size.windows != 1 && size.window_bytes % 4096 == 0);
  const int mode = size.windows == 0 ? O_EXCL : O_TRUNC;
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | mode, 0644);
  if (file < 0) {
    return tl::unexpected(path + ": cannot be made: " + system_text(errno) +
                          (errno == EEXIST ? "; name a new file" : ""));
  }
  std::unique_ptr<TraceFile> made(new TraceFile(path, file, size));
  // Of a ring all; it never needs more.
  const int error =
      ::posix_fallocate(file, 0, static_cast<off_t>(kHeadBytes + size.windows * size.window_bytes));
  if (error == 0) made->head_ = reinterpret_cast<Head*>(made->map(0, kHeadBytes));
  if (made->head_ == nullptr || !made->open_window()) {
    const int why = error == 0 ? errno : error;
    ::unlink(path.c_str());
    return tl::unexpected(path + ": no space for its events: " + system_text(why));
  }
  Head& written = *made->head_;
  std::memcpy(written.magic, kMagic, sizeof(kMagic));
  written.window_bytes = size.window_bytes;
  written.cluster = head.cluster;
  written.log = head.log;
  written.member = head.member.value;
  written.started = head.started;
  written.crashes = head.crashes;
  return made;
}

TraceFile::~TraceFile() {
  if (head_ != nullptr) ::munmap(head_, kHeadBytes);
  if (window_ != nullptr) {
    ::munmap(window_, size_.window_bytes);
    // A file that cannot be cut ends with zeros, which are no records.
    if (size_.windows == 0) {
      const std::size_t used = kHeadBytes + (windows_opened_ - 1) * size_.window_bytes + at_;
      maybe(::ftruncate(file_, static_cast<off_t>(used)) == 0);
    }
  }
  ::close(file_);
}

char* TraceFile::map(std::size_t offset, std::size_t bytes) const {
  void* at =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_, static_cast<off_t>(offset));
  return at == MAP_FAILED ? nullptr : static_cast<char*>(at);
}

bool TraceFile::open_window() {
  const std::uint64_t number = windows_opened_;
  const std::uint64_t place = size_.windows == 0 ? number : number % size_.windows;
  const std::size_t offset = kHeadBytes + place * size_.window_bytes;
  // Without its blocks a write to a mapped page would be a signal when the disk is full.
  const int error =
      ::posix_fallocate(file_, static_cast<off_t>(offset), static_cast<off_t>(size_.window_bytes));
  if (error != 0) {
    errno = error;
    return false;
  }
  char* window = map(offset, size_.window_bytes);
  if (window == nullptr) return false;
  if (window_ != nullptr) ::munmap(window_, size_.window_bytes);
  window_ = window;
  // Empty before it is the newest.
  std::memset(window_ + kWindowHeadBytes, 0, sizeof(RecordHead));
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const std::uint64_t shown = number + 1;
  std::memcpy(window_, &shown, sizeof(shown));
  at_ = kWindowHeadBytes;
  ++windows_opened_;
  return true;
}

bool TraceFile::record(const TracedEvent& event) {
  const std::size_t words = event.words.size() * sizeof(std::uint64_t);
  const std::size_t size = sizeof(RecordHead) + words + event.bytes.size();
  HOLDFAST_REQUIRE(kWindowHeadBytes + aligned(size) + sizeof(std::uint32_t) <= size_.window_bytes);
  // The size that ends the window has room as well.
  if (!full_ && at_ + aligned(size) + sizeof(std::uint32_t) > size_.window_bytes) {
    full_ = !open_window();
  }
  if (full_) return false;
  char* const to = window_ + at_;
  const RecordHead head{.size = 0,
                        .kind = static_cast<std::uint16_t>(event.kind),
                        .words = static_cast<std::uint16_t>(event.words.size()),
                        .at = event.at.ns()};
  std::memcpy(to, &head, sizeof(head));
  if (words > 0) std::memcpy(to + sizeof(head), event.words.data(), words);
  if (!event.bytes.empty()) {
    std::memcpy(to + sizeof(head) + words, event.bytes.data(), event.bytes.size());
  }
  std::memset(to + aligned(size), 0, sizeof(std::uint32_t));
  // Whoever dies here leaves a window that ends before this record.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const auto shown = static_cast<std::uint32_t>(size);
  std::memcpy(to, &shown, sizeof(shown));
  at_ += aligned(size);
  return true;
}

void TraceFile::mark(LifeEnd end) {
  head_->end_number = end.number;
  head_->end_at = end.at;
  head_->end = static_cast<std::uint32_t>(end.kind);
}

// --- reading

TraceReader::TraceReader(std::string path, const char* bytes, std::size_t size)
    : path_(std::move(path)),
      bytes_(bytes),
      size_(size) {}

TraceReader::~TraceReader() {
  ::munmap(const_cast<char*>(bytes_), size_);
}

tl::expected<std::unique_ptr<TraceReader>, std::string> TraceReader::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return tl::unexpected(path + ": cannot be opened: " + system_text(errno));

  struct stat status {};

  void* bytes = MAP_FAILED;
  if (::fstat(file, &status) == 0 && status.st_size >= static_cast<off_t>(kHeadBytes)) {
    bytes =
        ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, file, 0);
  }
  ::close(file);
  if (bytes == MAP_FAILED) return tl::unexpected(path + ": is too short for a trace");
  std::unique_ptr<TraceReader> reader(new TraceReader(
      path, static_cast<const char*>(bytes), static_cast<std::size_t>(status.st_size)));
  if (auto wrong = reader->take_head(); !wrong.empty()) {
    return tl::unexpected(path + ": " + std::move(wrong));
  }
  return reader;
}

std::string TraceReader::take_head() {
  TraceFile::Head head{};
  std::memcpy(&head, bytes_, sizeof(head));
  if (std::memcmp(head.magic, kMagic, sizeof(kMagic)) != 0) {
    return "is no trace of a member (holdfastd writes such files)";
  }
  if (head.window_bytes < 4096 || head.window_bytes % 4096 != 0 ||
      head.window_bytes > kWindowBytesMax || head.member > 255 ||
      head.end > static_cast<std::uint32_t>(LifeEnd::Kind::kAborted)) {
    return "its head is damaged";
  }
  head_ = {.cluster = head.cluster,
           .log = head.log,
           .member = NodeId{static_cast<std::uint8_t>(head.member)},
           .started = head.started,
           .crashes = head.crashes};
  end_ = {
      .kind = static_cast<LifeEnd::Kind>(head.end), .number = head.end_number, .at = head.end_at};
  window_bytes_ = head.window_bytes;
  std::vector<std::pair<std::uint64_t, std::size_t>> numbered;
  for (std::size_t at = kHeadBytes; at + kWindowHeadBytes <= size_; at += window_bytes_) {
    std::uint64_t number = 0;
    std::memcpy(&number, bytes_ + at, sizeof(number));
    // 0: never opened.
    if (number != 0) numbered.emplace_back(number, at);
  }
  std::sort(numbered.rbegin(), numbered.rend());
  for (const auto& [number, at] : numbered)
    windows_.push_back(at);
  return "";
}

bool TraceReader::open_window() {
  if (windows_.empty()) return false;
  at_ = windows_.back() + kWindowHeadBytes;
  window_end_ = std::min(windows_.back() + window_bytes_, size_);
  windows_.pop_back();
  return true;
}

bool TraceReader::next(TracedEvent& event) {
  while (true) {
    RecordHead head{};
    if (at_ + sizeof(head.size) <= window_end_) {
      std::memcpy(&head.size, bytes_ + at_, sizeof(head.size));
    }
    if (head.size == 0) {
      if (!open_window()) return false;
      continue;
    }
    if (head.size < sizeof(head) || head.size > window_end_ - at_) break;
    std::memcpy(&head, bytes_ + at_, sizeof(head));
    const std::size_t words = head.words * sizeof(std::uint64_t);
    if (head.size < sizeof(head) + words) break;
    const char* const from = bytes_ + at_ + sizeof(head);
    event.at = Instant::at(head.at);
    event.kind = static_cast<EventKind>(head.kind);
    event.words.resize(head.words);
    if (words > 0) std::memcpy(event.words.data(), from, words);
    event.bytes.assign(from + words, head.size - sizeof(head) - words);
    at_ += aligned(head.size);
    return true;
  }
  damage_ = path_ + ": no record at byte " + std::to_string(at_);
  windows_.clear();
  at_ = window_end_;
  return false;
}

}  // namespace holdfast::real
