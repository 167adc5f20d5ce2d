#include "tools/sim_files.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include <unistd.h>

namespace holdfast::tools {
namespace {

namespace fs = std::filesystem;

std::string problem_with(const std::string& path, const char* doing) {
  return "cannot " + std::string(doing) + " '" + path + "': " + std::strerror(errno);
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
  if (!in.eof() && !in) return tl::unexpected<std::string>(problem_with(path, "read"));
  return content.str();
}

std::string write_file(const std::string& path, std::string_view content) {
  std::error_code problem;
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty()) fs::create_directories(folder, problem);
  if (problem) return "cannot make the folder of '" + path + "': " + problem.message();
  const std::string draft = path + ".part" + std::to_string(::getpid());
  std::ofstream out(draft, std::ios::binary | std::ios::trunc);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) return problem_with(draft, "write");
  fs::rename(draft, path, problem);
  if (problem) return "cannot write '" + path + "': " + problem.message();
  return "";
}

}  // namespace holdfast::tools
