#include "real/server/padded_env.h"

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "real/ports/system_text.h"

namespace holdfast::real {
namespace {

using leveldb::Slice;
using leveldb::Status;

// As much as LevelDB's own files hold back.
constexpr std::size_t kBufferBytes = 64 << 10;

class PaddedFile final : public leveldb::WritableFile {
 public:
  PaddedFile(std::string name, int descriptor) : name_(std::move(name)), descriptor_(descriptor) {}

  ~PaddedFile() override { (void)Close(); }

  Status Append(const Slice& data) override {
    buffer_.append(data.data(), data.size());
    return buffer_.size() < kBufferBytes ? Status::OK() : Flush();
  }

  Status Flush() override {
    if (buffer_.empty()) return Status::OK();
    const Status padded = pad(at_ + buffer_.size());
    if (!padded.ok()) return padded;
    const int error = write(buffer_, at_);
    at_ += buffer_.size();
    buffer_.clear();
    return result(error);
  }

  Status Sync() override {
    const Status status = Flush();
    return status.ok() ? sync() : status;
  }

  Status Close() override {
    if (descriptor_ < 0) return Status::OK();
    const Status status = Flush();
    const int closed = ::close(std::exchange(descriptor_, -1));
    return status.ok() && closed != 0 ? result(errno) : status;
  }

 private:
  Status result(int error) const {
    return error == 0 ? Status::OK() : Status::IOError(name_, system_text(error));
  }

  // Returns an errno, 0 when all is written.
  int write(std::string_view bytes, std::uint64_t at) {
    while (!bytes.empty()) {
      const ssize_t written =
          ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (written < 0) {
        if (errno == EINTR) continue;
        return errno;
      }
      bytes.remove_prefix(static_cast<std::size_t>(written));
      at += static_cast<std::uint64_t>(written);
    }
    return 0;
  }

  Status sync() { return result(::fdatasync(descriptor_) == 0 ? 0 : errno); }

  // Zeros up to `end` at least, and durable.
  Status pad(std::uint64_t end) {
    if (no_space_ || end <= padded_) return Status::OK();
    static const std::string zeros(kPaddingBytes, '\0');
    const std::uint64_t before = padded_;
    for (; padded_ < end; padded_ += zeros.size()) {
      const int error = write(zeros, padded_);
      if (error == 0) continue;
      if (error != ENOSPC && error != EDQUOT && error != EFBIG) return result(error);
      // What there is to write may still fit.
      no_space_ = true;
      return result(::ftruncate(descriptor_, static_cast<off_t>(before)) == 0 ? 0 : errno);
    }
    return sync();
  }

  const std::string name_;
  int descriptor_;
  std::string buffer_;
  // Where the next byte goes, and up to where zeros are.
  std::uint64_t at_ = 0;
  std::uint64_t padded_ = 0;
  bool no_space_ = false;
};

class PaddedEnv final : public leveldb::EnvWrapper {
 public:
  PaddedEnv() : EnvWrapper(leveldb::Env::Default()) {}

  Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override {
    if (!name.ends_with(".log")) return target()->NewWritableFile(name, file);
    *file = nullptr;
    const int descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor < 0) return Status::IOError(name, system_text(errno));
    *file = new PaddedFile(name, descriptor);
    return Status::OK();
  }
};

}  // namespace

leveldb::Env& padded_env() {
  static PaddedEnv env;
  return env;
}

}  // namespace holdfast::real
