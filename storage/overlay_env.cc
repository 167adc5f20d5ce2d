#include "storage/overlay_env.h"

#include <algorithm>
#include <utility>

#include "protocol/env/check.h"

#include "storage/null_logger.h"

namespace holdfast::storage {

using leveldb::Slice;
using leveldb::Status;

struct OverlayEnv::Data {
  std::string bytes;
  std::size_t synced = 0;
};

namespace {

struct Lock : leveldb::FileLock {
  explicit Lock(std::string of) : name(std::move(of)) {}

  std::string name;
};

Status absent(const std::string& name) {
  return Status::NotFound(name, "No such file or directory");
}

// `Held` shares the ownership of the file's data.
template <typename Held>
class MemoryReader : public leveldb::SequentialFile, public leveldb::RandomAccessFile {
 public:
  explicit MemoryReader(Held data) : data_(std::move(data)) {}

  Status Read(std::size_t n, Slice* result, char* scratch) override {
    const Status status = Read(at_, n, result, scratch);
    at_ += result->size();
    return status;
  }

  Status Skip(std::uint64_t n) override {
    at_ = std::min<std::uint64_t>(at_ + n, data_->bytes.size());
    return Status::OK();
  }

  Status Read(std::uint64_t offset, std::size_t n, Slice* result, char*) const override {
    const std::string& bytes = data_->bytes;
    const std::uint64_t from = std::min<std::uint64_t>(offset, bytes.size());
    *result = Slice(bytes.data() + from, std::min<std::uint64_t>(n, bytes.size() - from));
    return Status::OK();
  }

 private:
  Held data_;
  std::uint64_t at_ = 0;
};

template <typename Held>
class MemoryWriter : public leveldb::WritableFile {
 public:
  explicit MemoryWriter(Held data) : data_(std::move(data)) {}

  Status Append(const Slice& bytes) override {
    data_->bytes.append(bytes.data(), bytes.size());
    return Status::OK();
  }

  Status Close() override { return Status::OK(); }

  Status Flush() override { return Status::OK(); }

  Status Sync() override {
    data_->synced = data_->bytes.size();
    return Status::OK();
  }

 private:
  Held data_;
};

}  // namespace

OverlayEnv::OverlayEnv() : EnvWrapper(leveldb::Env::Default()), below_(nullptr) {}

OverlayEnv::OverlayEnv(leveldb::Env* below) : EnvWrapper(below), below_(below) {
  HOLDFAST_REQUIRE(below != nullptr);
}

OverlayEnv::~OverlayEnv() = default;

std::map<std::string, std::string> OverlayEnv::files() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  std::map<std::string, std::string> all;
  for (const auto& [name, data] : files_)
    all.emplace(name, data->bytes);
  return all;
}

void OverlayEnv::put(const std::string& name, std::string bytes) {
  const std::lock_guard<std::mutex> guard(mutex_);
  auto data = std::make_shared<Data>();
  data->bytes = std::move(bytes);
  data->synced = data->bytes.size();
  files_[name] = std::move(data);
}

void OverlayEnv::power_fail() {
  const std::lock_guard<std::mutex> guard(mutex_);
  for (const auto& [name, data] : files_)
    data->bytes.resize(data->synced);
  locked_.clear();
}

std::shared_ptr<OverlayEnv::Data> OverlayEnv::find(const std::string& name) {
  const auto above = files_.find(name);
  if (above != files_.end()) return above->second;
  if (below_ == nullptr || removed_.contains(name)) return nullptr;
  auto data = std::make_shared<Data>();
  if (!read_file(*below_, name, data->bytes).ok()) return nullptr;
  data->synced = data->bytes.size();
  files_.emplace(name, data);
  return data;
}

Status OverlayEnv::open(const std::string& name, std::shared_ptr<Data>& data) {
  const std::lock_guard<std::mutex> guard(mutex_);
  data = find(name);
  return data ? Status::OK() : absent(name);
}

Status OverlayEnv::NewSequentialFile(const std::string& name, leveldb::SequentialFile** file) {
  std::shared_ptr<Data> data;
  const Status status = open(name, data);
  *file = status.ok() ? new MemoryReader(std::move(data)) : nullptr;
  return status;
}

Status OverlayEnv::NewRandomAccessFile(const std::string& name, leveldb::RandomAccessFile** file) {
  std::shared_ptr<Data> data;
  const Status status = open(name, data);
  *file = status.ok() ? new MemoryReader(std::move(data)) : nullptr;
  return status;
}

Status OverlayEnv::NewWritableFile(const std::string& name, leveldb::WritableFile** file) {
  const std::lock_guard<std::mutex> guard(mutex_);
  auto data = std::make_shared<Data>();
  files_[name] = data;
  removed_.erase(name);
  *file = new MemoryWriter(std::move(data));
  return Status::OK();
}

Status OverlayEnv::NewAppendableFile(const std::string& name, leveldb::WritableFile** file) {
  const std::lock_guard<std::mutex> guard(mutex_);
  std::shared_ptr<Data> data = find(name);
  if (!data) {
    data = std::make_shared<Data>();
    files_[name] = data;
    removed_.erase(name);
  }
  *file = new MemoryWriter(std::move(data));
  return Status::OK();
}

bool OverlayEnv::FileExists(const std::string& name) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (files_.contains(name)) return true;
  return below_ != nullptr && !removed_.contains(name) && below_->FileExists(name);
}

Status OverlayEnv::GetChildren(const std::string& directory, std::vector<std::string>* names) {
  const std::lock_guard<std::mutex> guard(mutex_);
  names->clear();
  const std::string prefix = directory + "/";
  std::set<std::string> all;
  if (below_ != nullptr) {
    std::vector<std::string> lower;
    const Status status = below_->GetChildren(directory, &lower);
    if (!status.ok()) return status;
    for (const std::string& name : lower)
      if (!removed_.contains(prefix + name)) all.insert(name);
  }
  for (auto it = files_.lower_bound(prefix); it != files_.end(); ++it) {
    if (!it->first.starts_with(prefix)) break;
    const std::string name = it->first.substr(prefix.size());
    if (name.find('/') == std::string::npos) all.insert(name);
  }
  names->assign(all.begin(), all.end());
  return Status::OK();
}

Status OverlayEnv::RemoveFile(const std::string& name) {
  if (!FileExists(name)) return absent(name);
  const std::lock_guard<std::mutex> guard(mutex_);
  files_.erase(name);
  if (below_ != nullptr) removed_.insert(name);
  return Status::OK();
}

// Directories are nothing here but prefixes of names.
Status OverlayEnv::CreateDir(const std::string&) {
  return Status::OK();
}

Status OverlayEnv::RemoveDir(const std::string&) {
  return Status::OK();
}

Status OverlayEnv::GetFileSize(const std::string& name, std::uint64_t* size) {
  std::shared_ptr<Data> data;
  const Status status = open(name, data);
  *size = status.ok() ? data->bytes.size() : 0;
  return status;
}

Status OverlayEnv::RenameFile(const std::string& from, const std::string& to) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const std::shared_ptr<Data> data = find(from);
  if (!data) return absent(from);
  files_.erase(from);
  if (below_ != nullptr) removed_.insert(from);
  files_[to] = data;
  removed_.erase(to);
  return Status::OK();
}

Status OverlayEnv::LockFile(const std::string& name, leveldb::FileLock** lock) {
  const std::lock_guard<std::mutex> guard(mutex_);
  *lock = nullptr;
  if (!locked_.insert(name).second) {
    return Status::IOError("lock " + name, "already held by process");
  }
  *lock = new Lock(name);
  return Status::OK();
}

Status OverlayEnv::UnlockFile(leveldb::FileLock* lock) {
  const std::unique_ptr<Lock> held(static_cast<Lock*>(lock));
  const std::lock_guard<std::mutex> guard(mutex_);
  locked_.erase(held->name);
  return Status::OK();
}

Status OverlayEnv::NewLogger(const std::string&, leveldb::Logger** logger) {
  *logger = new NullLogger;
  return Status::OK();
}

Status read_file(leveldb::Env& env, const std::string& name, std::string& bytes) {
  bytes.clear();
  return leveldb::ReadFileToString(&env, name, &bytes);
}

}  // namespace holdfast::storage
