#include "real/server/recording_file.h"

#include <cerrno>
#include <cstdint>
#include <utility>

#include <fcntl.h>
#include <google/protobuf/message_lite.h>
#include <unistd.h>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

#include "real/ports/little_endian.h"
#include "real/ports/system_text.h"

namespace holdfast::real {
namespace {

constexpr std::string_view kMagic = "holdfast-recording 1\n";
constexpr std::size_t kSizeBytes = 4;
constexpr std::size_t kHeadBytes = 16;

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

tl::expected<std::unique_ptr<RecordingWriter>, std::string> RecordingWriter::create(
    const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    return tl::unexpected(path + ": cannot be made: " + system_text(errno) +
                          (errno == EEXIST ? "; name a new file" : ""));
  }
  std::unique_ptr<RecordingWriter> made(new RecordingWriter(file, kMagic.size()));
  if (!write_all(file, kMagic)) {
    const int why = errno;
    ::unlink(path.c_str());
    return tl::unexpected(path + ": cannot be written: " + system_text(why));
  }
  return made;
}

RecordingWriter::~RecordingWriter() {
  ::close(file_);
}

bool RecordingWriter::add(const google::protobuf::MessageLite& message) {
  buffer_.assign(kHeadBytes, '\0');
  if (!message.AppendToString(&buffer_) || buffer_.size() > UINT32_MAX) {
    errno = EFBIG;
    return false;
  }
  const std::string_view body = std::string_view(buffer_).substr(kHeadBytes);
  std::string head;
  put_number(head, body.size(), kSizeBytes);
  put_number(head, hash_bytes(head), 4);
  put_number(head, hash_bytes(body), 8);
  buffer_.replace(0, kHeadBytes, head);
  if (write_all(file_, buffer_)) {
    size_ += buffer_.size();
    return true;
  }
  const int why = errno;
  // If this fails too, its reader finds half a message at the end.
  maybe(::ftruncate(file_, static_cast<off_t>(size_)) == 0);
  errno = why;
  return false;
}

tl::expected<RecordingReader, std::string> RecordingReader::open(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return tl::unexpected(path + ": cannot be read: " + system_text(errno));
  const auto size = static_cast<std::uint64_t>(in.tellg());
  in.seekg(0);
  std::string magic(kMagic.size(), '\0');
  if (!in.read(magic.data(), static_cast<std::streamsize>(magic.size())) || magic != kMagic) {
    return tl::unexpected(path + ": is not a recording (holdfastd --record writes them)");
  }
  RecordingReader reader(path, std::move(in), size);
  reader.at_ = kMagic.size();
  return reader;
}

bool RecordingReader::next(google::protobuf::MessageLite& message) {
  if (at_ == size_ || torn_ || !problem_.empty()) return false;
  const auto read = [&](std::uint64_t bytes) {
    if (bytes > size_ - at_) return false;
    bytes_.resize(bytes);
    at_ += bytes;
    return bool(in_.read(bytes_.data(), static_cast<std::streamsize>(bytes)));
  };
  const std::uint64_t begin = at_;
  const auto damaged = [&] {
    problem_ = path_ + ": the message at byte " + std::to_string(begin) + " is damaged";
    return false;
  };
  const auto cut_off = [&] {
    if (in_.bad()) return damaged();
    torn_ = true;
    return false;
  };
  if (!read(kHeadBytes)) return cut_off();
  std::string_view head = bytes_;
  const std::uint64_t hash_of_size = hash_bytes(head.substr(0, kSizeBytes)) & UINT32_MAX;
  const std::uint64_t size = take_number(head, kSizeBytes);
  if (take_number(head, 4) != hash_of_size) return damaged();
  const std::uint64_t hash = take_number(head, 8);
  if (!read(size)) return cut_off();
  if (hash_bytes(bytes_) != hash || !message.ParseFromString(bytes_)) return damaged();
  return true;
}

bool is_recording(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string magic(kMagic.size(), '\0');
  return in.read(magic.data(), static_cast<std::streamsize>(magic.size())) && magic == kMagic;
}

}  // namespace holdfast::real
