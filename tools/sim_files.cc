#include "tools/sim_files.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace holdfast::tools {
namespace {

namespace fs = std::filesystem;

// What to do about it; empty: the error says it all.
const char* advice_for(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return "; make room there, or write elsewhere";
    case EACCES:
    case EPERM:
    case EROFS:
      return "; make it writable, or write elsewhere";
    default:
      return "";
  }
}

std::string problem_with(const std::string& path, const char* doing, int error) {
  return fmt::format("cannot {} '{}': {}{}", doing, path, std::strerror(error), advice_for(error));
}

// What is wrong, or nothing.
std::string make_folder_of(const std::string& path) {
  std::error_code problem;
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty()) fs::create_directories(folder, problem);
  if (!problem) return "";
  return problem_with(folder.string(), "make the folder", problem.value());
}

// 0, or the error.
int write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

// A network file system may report only on close that the disk is full.
int close_after(int file, int error) {
  if (::close(file) != 0 && error == 0) error = errno;
  return error;
}

// After a rename, so that the name lasts.  Some file systems cannot, and need not.
void sync_folder_of(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  const int file =
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

// Other processes, of other machines too, may be writing the same file.
std::string draft_name(const std::string& path) {
  std::random_device device;
  return fmt::format("{}.part{:08x}{:08x}", path, device(), device());
}

}  // namespace

tl::expected<std::string, std::string> read_file(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    return tl::unexpected<std::string>("cannot read '" + path + "': it is a directory");
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  if (in && in.peek() != std::ifstream::traits_type::eof()) content << in.rdbuf();
  if (!in.eof() && !in) return tl::unexpected<std::string>(problem_with(path, "read", errno));
  return content.str();
}

std::string write_file(const std::string& path, std::string_view content) {
  if (std::string problem = make_folder_of(path); !problem.empty()) return problem;
  const std::string draft = draft_name(path);
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) return problem_with(path, "write", errno);
  int error = write_all(file, content);
  if (error == 0 && ::fsync(file) != 0) error = errno;
  error = close_after(file, error);
  if (error == 0 && ::rename(draft.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(draft.c_str());
    return problem_with(path, "write", error);
  }
  sync_folder_of(path);
  return "";
}

std::string append_file(const std::string& path, std::string_view content) {
  if (std::string problem = make_folder_of(path); !problem.empty()) return problem;
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file < 0) return problem_with(path, "append to", errno);
  const int error = close_after(file, write_all(file, content));
  return error == 0 ? "" : problem_with(path, "append to", error);
}

}  // namespace holdfast::tools
