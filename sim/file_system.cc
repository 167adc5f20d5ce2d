#include "sim/file_system.h"

#include <algorithm>
#include <utility>

#include "protocol/env/check.h"

namespace holdfast::sim {
namespace {

// Takes the first component off `path`; empty at the end.
std::string_view next_component(std::string_view& path) {
  while (true) {
    while (!path.empty() && path.front() == '/')
      path.remove_prefix(1);
    const std::string_view component = path.substr(0, path.find('/'));
    path.remove_prefix(component.size());
    if (component != ".") return component;
  }
}

bool contains(const Directory& directory, const Directory* wanted) {
  if (&directory == wanted) return true;
  return std::any_of(
      directory.entries.begin(), directory.entries.end(), [wanted](const auto& named) {
        return named.second.directory && contains(*named.second.directory, wanted);
      });
}

template <typename Visit>
void for_each_file(const Directory& directory, const std::string& path, const Visit& visit) {
  for (const auto& [name, entry] : directory.entries) {
    const std::string child = path + '/' + name;
    if (entry.file) {
      visit(child, *entry.file);
    } else {
      for_each_file(*entry.directory, child, visit);
    }
  }
}

void list_directories(const Directory& directory,
                      const std::string& path,
                      std::vector<std::string>& out) {
  for (const auto& [name, entry] : directory.entries) {
    if (!entry.directory) continue;
    out.push_back(path + '/' + name);
    list_directories(*entry.directory, out.back(), out);
  }
}

}  // namespace

std::string_view text_of(FileError error) {
  switch (error) {
    case FileError::kNone:
      return "Success";
    case FileError::kNotFound:
      return "No such file or directory";
    case FileError::kExists:
      return "File exists";
    case FileError::kNotDirectory:
      return "Not a directory";
    case FileError::kIsDirectory:
      return "Is a directory";
    case FileError::kNotEmpty:
      return "Directory not empty";
    case FileError::kInvalid:
      return "Invalid argument";
  }
  HOLDFAST_UNREACHABLE("a file error without a text");
}

FileSystem::FileSystem(DirectoryModel model)
    : model_(model),
      root_(std::make_shared<Directory>()) {}

FileSystem::Place FileSystem::locate(std::string_view path) const {
  Place place{.parent = root_};
  place.name = next_component(path);
  while (true) {
    if (place.name == "..") return {.error = FileError::kInvalid};
    const std::string_view next = next_component(path);
    if (next.empty()) return place;
    const auto found = place.parent->entries.find(place.name);
    if (found == place.parent->entries.end()) return {.error = FileError::kNotFound};
    if (!found->second.directory) return {.error = FileError::kNotDirectory};
    place.parent = found->second.directory;
    place.name = next;
  }
}

const Entry* FileSystem::entry_at(std::string_view path) const {
  const Place place = locate(path);
  if (place.error != FileError::kNone) return nullptr;
  const auto found = place.parent->entries.find(place.name);
  return found == place.parent->entries.end() ? nullptr : &found->second;
}

std::shared_ptr<Directory> FileSystem::directory_at(std::string_view path) const {
  const Place place = locate(path);
  if (place.error == FileError::kNone && place.name.empty()) return root_;
  const Entry* entry = entry_at(path);
  return entry == nullptr ? nullptr : entry->directory;
}

std::shared_ptr<File> FileSystem::find(std::string_view path) const {
  const Entry* entry = entry_at(path);
  return entry == nullptr ? nullptr : entry->file;
}

bool FileSystem::exists(std::string_view path) const {
  return entry_at(path) != nullptr || directory_at(path) != nullptr;
}

FileError FileSystem::open(std::string_view path, Existing existing, std::shared_ptr<File>* file) {
  const Place place = locate(path);
  if (place.error != FileError::kNone) return place.error;
  if (place.name.empty()) return FileError::kIsDirectory;
  const auto found = place.parent->entries.find(place.name);
  if (found != place.parent->entries.end()) {
    if (!found->second.file) return FileError::kIsDirectory;
    *file = found->second.file;
    (*file)->padding = 0;
    if (existing == Existing::kTruncate) truncate(**file);
    return FileError::kNone;
  }
  *file = std::make_shared<File>();
  const Entry entry{.file = *file};
  place.parent->entries.emplace(place.name, entry);
  record({.to = place.parent, .to_name = std::string(place.name), .entry = entry});
  return FileError::kNone;
}

void FileSystem::truncate(File& file) {
  HOLDFAST_REQUIRE(file.slicing_readers == 0, file.slicing_readers);
  if (file.linked) used_bytes_ -= file.bytes.size();
  // A second truncation before any sync hides the same durable content as the first.
  if (file.synced > 0 && !file.replaced) file.replaced = file.bytes.substr(0, file.synced);
  file.bytes.clear();
  file.synced = 0;
  file.forgotten.clear();
}

void FileSystem::unlink(File& file) {
  HOLDFAST_CHECK(file.linked && used_bytes_ >= file.bytes.size(), used_bytes_);
  file.linked = false;
  used_bytes_ -= file.bytes.size();
}

FileError FileSystem::remove(std::string_view path) {
  const Place place = locate(path);
  if (place.error != FileError::kNone) return place.error;
  const auto found = place.parent->entries.find(place.name);
  if (found == place.parent->entries.end()) return FileError::kNotFound;
  if (!found->second.file) return FileError::kIsDirectory;
  unlink(*found->second.file);
  Change change{.from = place.parent, .from_name = found->first, .entry = found->second};
  place.parent->entries.erase(found);
  record(std::move(change));
  return FileError::kNone;
}

FileError FileSystem::rename(std::string_view from, std::string_view to) {
  const Place source = locate(from);
  const Place target = locate(to);
  if (source.error != FileError::kNone) return source.error;
  if (target.error != FileError::kNone) return target.error;
  const auto moved = source.parent->entries.find(source.name);
  if (moved == source.parent->entries.end()) return FileError::kNotFound;
  if (source.parent == target.parent && source.name == target.name) return FileError::kNone;
  if (target.name.empty()) return FileError::kExists;
  const Entry entry = moved->second;
  if (entry.directory && contains(*entry.directory, target.parent.get())) {
    return FileError::kInvalid;
  }
  const auto replaced = target.parent->entries.find(target.name);
  if (replaced != target.parent->entries.end()) {
    if (replaced->second.directory || entry.directory) return FileError::kExists;
    unlink(*replaced->second.file);
  }
  Change change{.from = source.parent,
                .from_name = moved->first,
                .to = target.parent,
                .to_name = std::string(target.name),
                .entry = entry};
  source.parent->entries.erase(moved);
  target.parent->entries.insert_or_assign(change.to_name, entry);
  record(std::move(change));
  return FileError::kNone;
}

FileError FileSystem::make_directory(std::string_view path) {
  const Place place = locate(path);
  if (place.error != FileError::kNone) return place.error;
  if (place.name.empty() || place.parent->entries.contains(place.name)) return FileError::kExists;
  const Entry entry{.directory = std::make_shared<Directory>()};
  place.parent->entries.emplace(place.name, entry);
  record({.to = place.parent, .to_name = std::string(place.name), .entry = entry});
  return FileError::kNone;
}

FileError FileSystem::remove_directory(std::string_view path) {
  const Place place = locate(path);
  if (place.error != FileError::kNone) return place.error;
  if (place.name.empty()) return FileError::kInvalid;
  const auto found = place.parent->entries.find(place.name);
  if (found == place.parent->entries.end()) return FileError::kNotFound;
  if (!found->second.directory) return FileError::kNotDirectory;
  if (!found->second.directory->entries.empty()) return FileError::kNotEmpty;
  Change change{.from = place.parent, .from_name = found->first, .entry = found->second};
  place.parent->entries.erase(found);
  record(std::move(change));
  return FileError::kNone;
}

FileError FileSystem::list(std::string_view path, std::vector<std::string>* names) const {
  const std::shared_ptr<Directory> directory = directory_at(path);
  if (!directory) return exists(path) ? FileError::kNotDirectory : FileError::kNotFound;
  names->clear();
  for (const auto& [name, entry] : directory->entries)
    names->push_back(name);
  return FileError::kNone;
}

void FileSystem::append(File& file, std::string_view bytes) {
  HOLDFAST_CHECK(file.slicing_readers == 0, file.slicing_readers);
  const std::size_t replaced = std::min(file.padding, bytes.size());
  file.bytes.replace(file.end(), replaced, bytes);
  file.padding -= replaced;
  if (file.linked) used_bytes_ += bytes.size() - replaced;
}

void FileSystem::pad(File& file, std::size_t bytes) {
  HOLDFAST_CHECK(file.slicing_readers == 0, file.slicing_readers);
  file.bytes.append(bytes, '\0');
  file.padding += bytes;
  if (file.linked) used_bytes_ += bytes;
}

void FileSystem::sync(File& file) {
  file.synced = file.end();
  file.replaced.reset();
  if (model_ == DirectoryModel::kJournaled) commit_all();
}

void FileSystem::fail_sync(File& file) {
  if (file.synced < file.end()) {
    file.forgotten.push_back({.from = file.synced, .to = file.end()});
  }
}

FileError FileSystem::sync_directory(std::string_view path) {
  const std::shared_ptr<Directory> directory = directory_at(path);
  if (!directory) return exists(path) ? FileError::kNotDirectory : FileError::kNotFound;
  if (model_ == DirectoryModel::kJournaled) {
    commit_all();
    return FileError::kNone;
  }
  const auto touches = [&directory](const Change& change) {
    return change.from == directory || change.to == directory;
  };
  for (const Change& change : pending_) {
    if (touches(change)) commit(change);
  }
  std::erase_if(pending_, touches);
  return FileError::kNone;
}

void FileSystem::record(Change change) {
  pending_.push_back(std::move(change));
}

void FileSystem::commit(const Change& change) {
  if (change.from) {
    const auto found = change.from->durable.find(change.from_name);
    // Another file may durably have the name by now.
    if (found != change.from->durable.end() && found->second == change.entry) {
      change.from->durable.erase(found);
    }
  }
  if (change.to) change.to->durable.insert_or_assign(change.to_name, change.entry);
}

void FileSystem::commit_all() {
  for (const Change& change : pending_)
    commit(change);
  pending_.clear();
}

void FileSystem::wipe() {
  root_->entries.clear();
  root_->durable.clear();
  pending_.clear();
  used_bytes_ = 0;
}

FileSystemImage FileSystem::snapshot() const {
  FileSystemImage image;
  list_directories(*root_, "", image.directories);
  for_each_file(*root_, "", [&image](const std::string& path, const File& file) {
    image.files.emplace(path, file.bytes);
  });
  return image;
}

void FileSystem::restore(const FileSystemImage& image) {
  wipe();
  for (const std::string& path : image.directories) {
    HOLDFAST_CHECK(make_directory(path) == FileError::kNone, path);
  }
  for (const auto& [path, bytes] : image.files) {
    std::shared_ptr<File> file;
    HOLDFAST_CHECK(open(path, Existing::kTruncate, &file) == FileError::kNone, path);
    append(*file, bytes);
    sync(*file);
  }
  commit_all();
}

std::optional<std::string> FileSystem::flip_bit(std::string_view pattern, std::uint64_t choice) {
  std::uint64_t bits = 0;
  const auto count = [&](const std::string& path, const File& file) {
    if (path.find(pattern) != std::string::npos) bits += file.bytes.size() * 8;
  };
  for_each_file(*root_, "", count);
  if (bits == 0) return std::nullopt;
  std::uint64_t target = choice % bits;
  std::optional<std::string> flipped;
  const auto flip = [&](const std::string& path, File& file) {
    if (flipped || path.find(pattern) == std::string::npos) return;
    const std::uint64_t here = file.bytes.size() * 8;
    if (target < here) {
      file.bytes[target / 8] = static_cast<char>(file.bytes[target / 8] ^ (1 << (target % 8)));
      flipped = path;
    } else {
      target -= here;
    }
  };
  for_each_file(*root_, "", flip);
  return flipped;
}

}  // namespace holdfast::sim
