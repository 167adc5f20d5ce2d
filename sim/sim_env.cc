#include "sim/sim_env.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

namespace holdfast::sim {

using leveldb::Slice;
using leveldb::Status;

namespace {

// What a change was, for the digest.
enum Change : std::uint64_t {
  kAppended = 1,
  kSynced,
  kOpened,
  kRemoved,
  kRenamed,
  kMadeDirectory,
  kRemovedDirectory,
  kSyncedDirectory,
  kPadded,
};

// Streams of keyed draws.
enum Stream : std::uint64_t { kErrorStream = 101, kPartStream };

std::string_view view(const Slice& slice) {
  return {slice.data(), slice.size()};
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

bool is_manifest(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  return path.compare(name, std::strlen("MANIFEST"), "MANIFEST") == 0;
}

Status error_status(FileError error, const std::string& path) {
  const Slice text(text_of(error).data(), text_of(error).size());
  return error == FileError::kNotFound ? Status::NotFound(path, text) : Status::IOError(path, text);
}

class NullLogger final : public leveldb::Logger {
 public:
  void Logv(const char*, std::va_list) override {}
};

class SimLock final : public leveldb::FileLock {
 public:
  SimLock(std::string path, std::uint64_t life) : path_(std::move(path)), life_(life) {}

  const std::string& path() const { return path_; }

  std::uint64_t life() const { return life_; }

 private:
  std::string path_;
  std::uint64_t life_;
};

}  // namespace

class SimSequentialFile final : public leveldb::SequentialFile {
 public:
  SimSequentialFile(SimEnv& env, std::shared_ptr<File> file, const std::string& path)
      : env_(env),
        life_(env.life_),
        file_(std::move(file)),
        path_(path) {}

  Status Read(std::size_t n, Slice* result, char* scratch) override {
    const auto verdict = env_.admit(DiskOperation::kRead, SimEnv::Effect::kReads, life_);
    if (verdict != SimEnv::Verdict::kGo) return SimEnv::status(verdict, path_);
    const std::size_t available = file_->bytes.size() - std::min(at_, file_->bytes.size());
    const std::size_t count = std::min(n, available);
    std::memcpy(scratch, file_->bytes.data() + (available == 0 ? 0 : at_), count);
    at_ += count;
    *result = Slice(scratch, count);
    return Status::OK();
  }

  Status Skip(std::uint64_t n) override {
    at_ = std::min<std::uint64_t>(at_ + n, file_->bytes.size());
    return Status::OK();
  }

 private:
  SimEnv& env_;
  const std::uint64_t life_;
  const std::shared_ptr<File> file_;
  const std::string path_;
  std::size_t at_ = 0;
};

class SimRandomAccessFile final : public leveldb::RandomAccessFile {
 public:
  SimRandomAccessFile(SimEnv& env, std::shared_ptr<File> file, const std::string& path)
      : env_(env),
        life_(env.life_),
        file_(std::move(file)),
        path_(path) {
    ++file_->slicing_readers;
  }

  ~SimRandomAccessFile() override { --file_->slicing_readers; }

  Status Read(std::uint64_t offset, std::size_t n, Slice* result, char*) const override {
    const auto verdict = env_.admit(DiskOperation::kRead, SimEnv::Effect::kReads, life_);
    if (verdict != SimEnv::Verdict::kGo) return SimEnv::status(verdict, path_);
    const std::size_t size = file_->bytes.size();
    if (offset > size) return Status::IOError(path_, "Invalid argument");
    *result = Slice(file_->bytes.data() + offset, std::min<std::size_t>(n, size - offset));
    return Status::OK();
  }

 private:
  SimEnv& env_;
  const std::uint64_t life_;
  const std::shared_ptr<File> file_;
  const std::string path_;
};

class SimWritableFile final : public leveldb::WritableFile {
 public:
  SimWritableFile(SimEnv& env, std::shared_ptr<File> file, const std::string& path)
      : env_(env),
        life_(env.life_),
        file_(std::move(file)),
        path_(path),
        name_hash_(hash_bytes(path)),
        is_manifest_(is_manifest(path)),
        padded_(env.log_padding_ > 0 && path.ends_with(".log")) {}

  Status Append(const Slice& data) override {
    if (padded_ && data.size() > file_->padding) {
      const Status padded = env_.pad(*file_, life_, data.size(), path_);
      if (!padded.ok()) return padded;
    }
    if (!env_.plain(life_)) return env_.append_guarded(*file_, life_, view(data), path_);
    env_.append(*file_, view(data));
    return Status::OK();
  }

  // Nothing is buffered in the process.
  Status Flush() override { return Status::OK(); }

  Status Close() override { return Status::OK(); }

  Status Sync() override {
    // As LevelDB's own PosixWritableFile: a manifest's directory first.
    if (is_manifest_) {
      const Status synced = sync_parent();
      if (!synced.ok()) return synced;
    }
    const auto verdict = env_.admit(DiskOperation::kSync, SimEnv::Effect::kChanges, life_);
    if (verdict == SimEnv::Verdict::kFails) env_.files_.fail_sync(*file_);
    if (verdict != SimEnv::Verdict::kGo) return SimEnv::status(verdict, path_);
    env_.files_.sync(*file_);
    env_.changed(kSynced, [this] { return name_hash_; });
    return Status::OK();
  }

 private:
  Status sync_parent() {
    if (life_ != env_.life_) return SimEnv::status(SimEnv::Verdict::kDead, path_);
    return env_.sync_directory(parent_of(path_));
  }

  SimEnv& env_;
  const std::uint64_t life_;
  const std::shared_ptr<File> file_;
  const std::string path_;
  const std::uint64_t name_hash_;
  const bool is_manifest_;
  const bool padded_;
};

SimEnv::SimEnv(FileSystem& files, std::uint64_t key, DiskFaultCounts& faults)
    : files_(files),
      key_(key),
      faults_(faults) {}

void SimEnv::set_errors(DiskOperation operation, std::uint32_t per_million) {
  HOLDFAST_REQUIRE(per_million <= 1'000'000, per_million);
  errors_[static_cast<std::size_t>(operation)].per_million = per_million;
  rearm();
}

void SimEnv::fail_nth(DiskOperation operation, std::uint64_t n) {
  HOLDFAST_REQUIRE(n > 0);
  errors_[static_cast<std::size_t>(operation)].nth = n;
  rearm();
}

void SimEnv::clear_errors() {
  for (ErrorRule& rule : errors_) {
    rule.per_million = 0;
    rule.nth = 0;
  }
  rearm();
}

void SimEnv::set_free_space(std::uint64_t bytes) {
  limited_ = true;
  capacity_bytes_ = files_.used_bytes() + bytes;
  rearm();
}

void SimEnv::clear_free_space() {
  limited_ = false;
  rearm();
}

void SimEnv::die() {
  dead_ = true;
  dying_ = false;
  rearm();
}

void SimEnv::die_after(std::uint64_t changes, std::uint64_t tear) {
  dying_ = true;
  changes_left_ = changes;
  tear_ = tear;
  rearm();
}

void SimEnv::cancel_death() {
  dying_ = false;
  rearm();
}

void SimEnv::begin_life() {
  HOLDFAST_REQUIRE(background_.empty(), background_.size());
  ++life_;
  dead_ = false;
  dying_ = false;
  locks_.clear();
  rearm();
}

void SimEnv::rearm() {
  armed_ = dead_ || dying_ || limited_ ||
           std::any_of(errors_.begin(), errors_.end(), [](const ErrorRule& rule) {
             return rule.per_million > 0 || rule.nth > 0;
           });
}

SimEnv::Verdict SimEnv::admit(DiskOperation operation, Effect effect, std::uint64_t life) {
  if (life != life_) return Verdict::kDead;
  return armed_ ? judge(operation, effect) : Verdict::kGo;
}

SimEnv::Verdict SimEnv::judge(DiskOperation operation, Effect effect) {
  if (dead_) return Verdict::kDead;
  if (dying_ && effect == Effect::kChanges) {
    if (changes_left_ == 0) {
      die();
      return Verdict::kCut;
    }
    --changes_left_;
  }
  if (!error_strikes(operation)) return Verdict::kGo;
  faults_.add(error_fault(operation));
  return Verdict::kFails;
}

bool SimEnv::error_strikes(DiskOperation operation) {
  ErrorRule& rule = errors_[static_cast<std::size_t>(operation)];
  const std::uint64_t call = rule.calls++;
  if (rule.nth > 0 && --rule.nth == 0) {
    rearm();
    return true;
  }
  if (rule.per_million == 0) return false;
  const std::uint64_t kind = static_cast<std::uint64_t>(operation);
  return mix(mix(key_, kErrorStream + kind * 1'000), call) % 1'000'000 < rule.per_million;
}

Status SimEnv::status(Verdict verdict, const std::string& path) {
  switch (verdict) {
    case Verdict::kGo:
      return Status::OK();
    case Verdict::kDead:
    case Verdict::kCut:
      return Status::IOError(path, "Input/output error (the device is dead)");
    case Verdict::kFails:
      return Status::IOError(path, "Input/output error");
  }
  HOLDFAST_UNREACHABLE("a verdict without a status");
}

template <typename Detail>
void SimEnv::changed(std::uint64_t what, Detail detail) {
  ++changes_;
  if (accounts_) digest_ = mix(digest_ ^ what, detail());
}

Status SimEnv::finish(FileError error, std::uint64_t what, const std::string& path) {
  if (error != FileError::kNone) return error_status(error, path);
  changed(what, [&] { return hash_bytes(path); });
  return Status::OK();
}

void SimEnv::append(File& file, std::string_view bytes) {
  files_.append(file, bytes);
  changed(kAppended, [&] { return hash_bytes(bytes); });
}

void SimEnv::append_part(File& file, std::string_view bytes, std::uint64_t choice) {
  const std::uint64_t random = mix(mix(key_, kPartStream), choice);
  append(file, bytes.substr(0, random % (bytes.size() + 1)));
}

Status SimEnv::append_guarded(File& file,
                              std::uint64_t life,
                              std::string_view bytes,
                              const std::string& path) {
  const Verdict verdict = admit(DiskOperation::kAppend, Effect::kChanges, life);
  if (verdict == Verdict::kCut) append_part(file, bytes, tear_);
  if (verdict == Verdict::kFails) append_part(file, bytes, changes_);
  if (verdict != Verdict::kGo) return status(verdict, path);
  if (limited_) {
    const std::uint64_t fits = file.padding + free_space();
    if (bytes.size() > fits) {
      append(file, bytes.substr(0, fits));
      faults_.add(DiskFault::kFull);
      return Status::IOError(path, "No space left on device");
    }
  }
  append(file, bytes);
  return Status::OK();
}

std::uint64_t SimEnv::free_space() const {
  return capacity_bytes_ - std::min(files_.used_bytes(), capacity_bytes_);
}

Status SimEnv::pad(File& file, std::uint64_t life, std::size_t needed, const std::string& path) {
  const std::size_t bytes = (needed / log_padding_ + 1) * log_padding_;
  if (limited_ && bytes > free_space()) return Status::OK();
  const Verdict written = admit(DiskOperation::kAppend, Effect::kChanges, life);
  if (written != Verdict::kGo) return status(written, path);
  files_.pad(file, bytes);
  changed(kPadded, [bytes] { return bytes; });
  const Verdict synced = admit(DiskOperation::kSync, Effect::kChanges, life);
  if (synced == Verdict::kFails) files_.fail_sync(file);
  if (synced != Verdict::kGo) return status(synced, path);
  files_.sync(file);
  changed(kSynced, [&path] { return hash_bytes(path); });
  return Status::OK();
}

Status SimEnv::sync_directory(const std::string& path) {
  const Verdict verdict = admit(DiskOperation::kDirectory, Effect::kChanges, life_);
  if (verdict != Verdict::kGo) return status(verdict, path);
  return finish(files_.sync_directory(path), kSyncedDirectory, path);
}

Status SimEnv::NewSequentialFile(const std::string& path, leveldb::SequentialFile** result) {
  *result = nullptr;
  const Verdict verdict = admit(DiskOperation::kOpen, Effect::kReads, life_);
  if (verdict != Verdict::kGo) return status(verdict, path);
  std::shared_ptr<File> file = files_.find(path);
  if (!file) return error_status(FileError::kNotFound, path);
  *result = new SimSequentialFile(*this, std::move(file), path);
  return Status::OK();
}

Status SimEnv::NewRandomAccessFile(const std::string& path, leveldb::RandomAccessFile** result) {
  *result = nullptr;
  const Verdict verdict = admit(DiskOperation::kOpen, Effect::kReads, life_);
  if (verdict != Verdict::kGo) return status(verdict, path);
  std::shared_ptr<File> file = files_.find(path);
  if (!file) return error_status(FileError::kNotFound, path);
  *result = new SimRandomAccessFile(*this, std::move(file), path);
  return Status::OK();
}

Status SimEnv::open_writable(const std::string& path,
                             FileSystem::Existing existing,
                             leveldb::WritableFile** result) {
  *result = nullptr;
  const Verdict verdict = admit(DiskOperation::kOpen, Effect::kChanges, life_);
  if (verdict != Verdict::kGo) return status(verdict, path);
  std::shared_ptr<File> file;
  const Status opened = finish(files_.open(path, existing, &file), kOpened, path);
  if (opened.ok()) *result = new SimWritableFile(*this, std::move(file), path);
  return opened;
}

Status SimEnv::NewWritableFile(const std::string& path, leveldb::WritableFile** result) {
  return open_writable(path, FileSystem::Existing::kTruncate, result);
}

Status SimEnv::NewAppendableFile(const std::string& path, leveldb::WritableFile** result) {
  return open_writable(path, FileSystem::Existing::kKeep, result);
}

bool SimEnv::FileExists(const std::string& path) {
  return !dead_ && files_.exists(path);
}

Status SimEnv::GetChildren(const std::string& path, std::vector<std::string>* result) {
  result->clear();
  const Verdict verdict = admit(DiskOperation::kDirectory, Effect::kReads, life_);
  if (verdict != Verdict::kGo) return status(verdict, path);
  const FileError error = files_.list(path, result);
  return error == FileError::kNone ? Status::OK() : error_status(error, path);
}

Status SimEnv::RemoveFile(const std::string& path) {
  const Verdict verdict = admit(DiskOperation::kDirectory, Effect::kChanges, life_);
  if (verdict != Verdict::kGo) return status(verdict, path);
  return finish(files_.remove(path), kRemoved, path);
}

Status SimEnv::CreateDir(const std::string& path) {
  const Verdict verdict = admit(DiskOperation::kDirectory, Effect::kChanges, life_);
  if (verdict != Verdict::kGo) return status(verdict, path);
  return finish(files_.make_directory(path), kMadeDirectory, path);
}

Status SimEnv::RemoveDir(const std::string& path) {
  const Verdict verdict = admit(DiskOperation::kDirectory, Effect::kChanges, life_);
  if (verdict != Verdict::kGo) return status(verdict, path);
  return finish(files_.remove_directory(path), kRemovedDirectory, path);
}

Status SimEnv::GetFileSize(const std::string& path, std::uint64_t* size) {
  *size = 0;
  const Verdict verdict = admit(DiskOperation::kOpen, Effect::kReads, life_);
  if (verdict != Verdict::kGo) return status(verdict, path);
  const std::shared_ptr<File> file = files_.find(path);
  if (!file) return error_status(FileError::kNotFound, path);
  *size = file->bytes.size();
  return Status::OK();
}

Status SimEnv::RenameFile(const std::string& from, const std::string& to) {
  const Verdict verdict = admit(DiskOperation::kDirectory, Effect::kChanges, life_);
  if (verdict != Verdict::kGo) return status(verdict, from);
  return finish(files_.rename(from, to), kRenamed, from);
}

Status SimEnv::LockFile(const std::string& path, leveldb::FileLock** lock) {
  *lock = nullptr;
  const Verdict verdict = admit(DiskOperation::kOpen, Effect::kChanges, life_);
  if (verdict != Verdict::kGo) return status(verdict, path);
  if (locks_.contains(path)) return Status::IOError("lock " + path, "already held by process");
  std::shared_ptr<File> file;
  const Status opened =
      finish(files_.open(path, FileSystem::Existing::kKeep, &file), kOpened, path);
  if (!opened.ok()) return opened;
  locks_.insert(path);
  *lock = new SimLock(path, life_);
  return Status::OK();
}

Status SimEnv::UnlockFile(leveldb::FileLock* lock) {
  const std::unique_ptr<SimLock> held(static_cast<SimLock*>(lock));
  if (held->life() == life_) locks_.erase(held->path());
  return Status::OK();
}

void SimEnv::Schedule(void (*function)(void*), void* argument) {
  background_.push_back({.function = function, .argument = argument});
}

bool SimEnv::run_one() {
  if (background_.empty()) return false;
  const Work work = background_.front();
  background_.pop_front();
  work.function(work.argument);
  return true;
}

void SimEnv::drain() {
  if (background_.empty()) return;
  const RunningEnv running(*this);
  while (run_one()) {
  }
}

void SimEnv::StartThread(void (*)(void*), void*) {
  HOLDFAST_UNREACHABLE("a simulated machine has one thread; LevelDB 1.23 starts none through Env");
}

Status SimEnv::GetTestDirectory(std::string* path) {
  *path = "/test";
  return files_.exists(*path) ? Status::OK() : CreateDir(*path);
}

Status SimEnv::NewLogger(const std::string&, leveldb::Logger** result) {
  *result = new NullLogger;
  return Status::OK();
}

std::uint64_t SimEnv::NowMicros() {
  return slept_micros_;
}

void SimEnv::SleepForMicroseconds(int micros) {
  slept_micros_ += static_cast<std::uint64_t>(std::max(micros, 0));
}

}  // namespace holdfast::sim
