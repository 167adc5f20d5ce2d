#pragma once

// Recordings as files (recording.proto).

#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include <tl/expected.hpp>

namespace google::protobuf {
class MessageLite;
}

namespace holdfast::real {

class RecordingWriter {
 public:
  // A new file.  The error says what to do.
  static tl::expected<std::unique_ptr<RecordingWriter>, std::string> create(
      const std::string& path);

  ~RecordingWriter();

  RecordingWriter(const RecordingWriter&) = delete;
  RecordingWriter& operator=(const RecordingWriter&) = delete;

  // False: it is not in the file, which has no more than before; errno says why.
  bool add(const google::protobuf::MessageLite& message);

 private:
  RecordingWriter(int file, std::uint64_t size) : file_(file), size_(size) {}

  int file_;
  std::uint64_t size_;
  std::string buffer_;
};

class RecordingReader {
 public:
  static tl::expected<RecordingReader, std::string> open(const std::string& path);

  // False: there are no more, or the file is damaged there, which problem() says then.
  bool next(google::protobuf::MessageLite& message);

  // Names the file and the place.
  const std::string& problem() const { return problem_; }

  // It ends in the middle of a message, as when the process or the machine died while it was
  // written.
  bool torn() const { return torn_; }

 private:
  RecordingReader(std::string path, std::ifstream in, std::uint64_t size)
      : path_(std::move(path)),
        in_(std::move(in)),
        size_(size) {}

  std::string path_;
  std::ifstream in_;
  std::uint64_t size_;
  std::uint64_t at_ = 0;
  std::string bytes_;
  std::string problem_;
  bool torn_ = false;
};

// It begins as recordings do.
bool is_recording(const std::string& path);

}  // namespace holdfast::real
