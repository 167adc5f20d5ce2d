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

// Holds back small writes, as LevelDB's own files do.
class File : public leveldb::WritableFile {
 public:
  File(std::string name, int descriptor) : name_(std::move(name)), descriptor_(descriptor) {}

  Status Append(const Slice& data) final {
    buffer_.append(data.data(), data.size());
    return buffer_.size() < kBufferBytes ? Status::OK() : Flush();
  }

  Status Flush() final {
    if (buffer_.empty()) return Status::OK();
    const Status ready = prepare(buffer_.size());
    if (!ready.ok()) return ready;
    const int error = write(buffer_, at_);
    at_ += buffer_.size();
    buffer_.clear();
    return error == 0 ? written() : result(error);
  }

  Status Sync() final {
    const Status status = Flush();
    return status.ok() ? sync() : status;
  }

  Status Close() final {
    if (descriptor_ < 0) return Status::OK();
    const Status status = Flush();
    const int closed = ::close(std::exchange(descriptor_, -1));
    return status.ok() && closed != 0 ? result(errno) : status;
  }

 protected:
  // So many bytes are about to be written, and have been.
  virtual Status prepare(std::size_t) { return Status::OK(); }

  virtual Status written() { return Status::OK(); }

  // Where the next byte goes.
  std::uint64_t at() const { return at_; }

  Status result(int error) const {
    return error == 0 ? Status::OK() : Status::IOError(name_, system_text(error));
  }

  // Returns an errno, 0 when all is written.
  int write(std::string_view bytes, std::uint64_t at) {
    while (!bytes.empty()) {
      const ssize_t count =
          ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (count < 0) {
        if (errno == EINTR) continue;
        return errno;
      }
      bytes.remove_prefix(static_cast<std::size_t>(count));
      at += static_cast<std::uint64_t>(count);
    }
    return 0;
  }

  Status sync() { return result(::fdatasync(descriptor_) == 0 ? 0 : errno); }

  Status truncate(std::uint64_t size) {
    return result(::ftruncate(descriptor_, static_cast<off_t>(size)) == 0 ? 0 : errno);
  }

 private:
  const std::string name_;
  int descriptor_;
  std::string buffer_;
  std::uint64_t at_ = 0;
};

class PaddedFile final : public File {
 public:
  using File::File;

  // What is written at the end goes through here.
  ~PaddedFile() override { (void)Close(); }

 private:
  Status prepare(std::size_t bytes) override {
    const std::uint64_t end = at() + bytes;
    if (end <= padded_ || no_space_) return Status::OK();
    if (bytes > kPaddedWriteMax) {
      padded_ = end;
      return Status::OK();
    }
    static const std::string zeros(kPaddingBytes, '\0');
    const int error = write(zeros, padded_);
    if (error == 0) {
      padded_ += zeros.size();
      return sync();
    }
    if (error != ENOSPC && error != EDQUOT && error != EFBIG) return result(error);
    // What there is to write may still fit.
    no_space_ = true;
    return truncate(padded_);
  }

  // Up to here there are zeros, or what was written.
  std::uint64_t padded_ = 0;
  bool no_space_ = false;
};

class TableFile final : public File {
 public:
  using File::File;

  ~TableFile() override { (void)Close(); }

 private:
  Status written() override {
    if (at() - synced_ < kTableSyncBytes) return Status::OK();
    synced_ = at();
    return sync();
  }

  std::uint64_t synced_ = 0;
};

class PaddedEnv final : public leveldb::EnvWrapper {
 public:
  PaddedEnv() : EnvWrapper(leveldb::Env::Default()) {}

  Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override {
    const bool log = name.ends_with(".log");
    if (!log && !name.ends_with(".ldb")) return target()->NewWritableFile(name, file);
    *file = nullptr;
    const int descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor < 0) return Status::IOError(name, system_text(errno));
    if (log) {
      *file = new PaddedFile(name, descriptor);
    } else {
      *file = new TableFile(name, descriptor);
    }
    return Status::OK();
  }
};

}  // namespace

leveldb::Env& padded_env() {
  static PaddedEnv env;
  return env;
}

}  // namespace holdfast::real
