#include "storage/log_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace holdfast::storage {

namespace {

constexpr std::size_t kHeaderBytes = 7;

enum class RecordType : std::uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
    table[i] = crc;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kCrcTable = crc_table();

// CRC-32C as LevelDB stores it.
std::uint32_t masked_crc(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const char c : bytes)
    crc = kCrcTable[(crc ^ static_cast<std::uint8_t>(c)) & 0xff] ^ crc >> 8;
  crc ^= 0xffffffffu;
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

struct Header {
  std::uint32_t crc = 0;
  std::size_t length = 0;
  std::uint8_t type = 0;
};

Header header_at(std::string_view file, std::size_t offset) {
  std::uint8_t raw[kHeaderBytes];
  std::memcpy(raw, file.data() + offset, kHeaderBytes);
  Header header;
  header.crc = raw[0] | raw[1] << 8 | raw[2] << 16 | static_cast<std::uint32_t>(raw[3]) << 24;
  header.length = static_cast<std::size_t>(raw[4] | raw[5] << 8);
  header.type = raw[6];
  return header;
}

// The end of what the block at `offset` can hold, in this file.
std::size_t block_end(std::string_view file, std::size_t offset) {
  return std::min(file.size(), (offset / kLogBlockBytes + 1) * kLogBlockBytes);
}

// Too few bytes before the end of a block for a header: filled with zeros, skipped.
bool in_trailer(std::size_t offset) {
  return kLogBlockBytes - offset % kLogBlockBytes < kHeaderBytes;
}

bool fits(std::string_view file, std::size_t offset) {
  const std::size_t end = block_end(file, offset);
  return offset + kHeaderBytes <= end &&
         offset + kHeaderBytes + header_at(file, offset).length <= end;
}

bool intact(std::string_view file, std::size_t offset) {
  if (!fits(file, offset)) return false;
  const Header header = header_at(file, offset);
  return header.type >= 1 && header.type <= 4 &&
         header.crc == masked_crc(file.substr(offset + 6, header.length + 1));
}

// Whether a batch begins intact anywhere from `offset` on.  Every byte is tried, since damage may
// have hidden where records begin.
bool batch_begins_behind(std::string_view file, std::size_t offset) {
  for (; offset + kHeaderBytes <= file.size(); ++offset) {
    const std::uint8_t type = static_cast<std::uint8_t>(file[offset + 6]);
    const bool begins = type == static_cast<std::uint8_t>(RecordType::kFull) ||
                        type == static_cast<std::uint8_t>(RecordType::kFirst);
    if (begins && !in_trailer(offset) && intact(file, offset)) return true;
  }
  return false;
}

std::string describe(std::string_view file, std::size_t offset) {
  if (offset + kHeaderBytes > block_end(file, offset)) return "the file ends inside a header";
  const Header header = header_at(file, offset);
  if (!fits(file, offset)) {
    return "a length of " + std::to_string(header.length) +
           " runs past the end of the block or file";
  }
  if (header.type < 1 || header.type > 4) {
    return "there is no record type " + std::to_string(header.type);
  }
  return "checksum mismatch";
}

// Walks intact physical records and puts fragments together.
class Scanner {
 public:
  explicit Scanner(std::string_view file) : file_(file) {}

  // Calls `batch(payload)` for each whole batch before any damage.
  template <typename Batch>
  LogScan run(Batch batch) {
    std::size_t offset = 0;
    while (offset < file_.size()) {
      if (in_trailer(offset)) {
        offset = block_end(file_, offset);
        continue;
      }
      if (only_zeros_from(offset)) {
        if (inside_) return damaged(start_, "a fragmented batch has no end", offset);
        return scan_;
      }
      if (!intact(file_, offset)) return damaged(offset, describe(file_, offset), offset + 1);
      const Header header = header_at(file_, offset);
      const std::size_t end = offset + kHeaderBytes + header.length;
      const auto type = static_cast<RecordType>(header.type);
      const bool begins = type == RecordType::kFull || type == RecordType::kFirst;
      if (begins == inside_) return misplaced(offset, begins);
      if (begins) {
        start_ = offset;
        payload_.clear();
      }
      payload_.append(file_.substr(offset + kHeaderBytes, header.length));
      inside_ = type == RecordType::kFirst || type == RecordType::kMiddle;
      offset = end;
      if (inside_) continue;
      scan_.intact_bytes = end;
      ++scan_.batches;
      batch(std::string_view(payload_));
    }
    return scan_;
  }

 private:
  // Asked at the beginning of each record: of those that were written none begins with zeros.
  bool only_zeros_from(std::size_t offset) const {
    return all_zeros(file_.substr(offset, kHeaderBytes)) && all_zeros(file_.substr(offset));
  }

  LogScan misplaced(std::size_t offset, bool begins) {
    if (begins) return damaged(start_, "a fragmented batch has no end", offset);
    return damaged(offset, "a fragment has no beginning", offset + 1);
  }

  LogScan damaged(std::size_t offset, std::string text, std::size_t search_from) {
    scan_.damage = LogDamage{offset, std::move(text), batch_begins_behind(file_, search_from)};
    return scan_;
  }

  std::string_view file_;
  LogScan scan_;
  bool inside_ = false;
  std::size_t start_ = 0;
  std::string payload_;
};

// The fields of a VersionEdit, one after the other.
class EditReader {
 public:
  explicit EditReader(std::string_view bytes) : bytes_(bytes) {}

  std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      const auto byte = static_cast<std::uint8_t>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }

  bool skip(int varints, int strings) {
    for (; varints > 0; --varints)
      if (!varint()) return false;
    for (; strings > 0; --strings) {
      const auto size = varint();
      if (!size || *size > bytes_.size()) return false;
      bytes_.remove_prefix(*size);
    }
    return true;
  }

 private:
  std::string_view bytes_;
};

void read_log_number(std::string_view edit, std::optional<std::uint64_t>& log_number) {
  EditReader reader(edit);
  while (const auto tag = reader.varint()) {
    bool understood = false;
    switch (*tag) {
      case 1:  // comparator
        understood = reader.skip(0, 1);
        break;
      case 2:  // log number
        if (const auto number = reader.varint()) {
          log_number = number;
          understood = true;
        }
        break;
      case 3:  // next file
      case 4:  // last sequence
      case 9:  // previous log
        understood = reader.skip(1, 0);
        break;
      case 5:  // compaction pointer: level, key
        understood = reader.skip(1, 1);
        break;
      case 6:  // deleted file: level, number
        understood = reader.skip(2, 0);
        break;
      case 7:  // new file: level, number, size, smallest, largest
        understood = reader.skip(3, 2);
        break;
      default:
        break;
    }
    if (!understood) return;
  }
}

}  // namespace

LogScan scan_log(std::string_view file) {
  return Scanner(file).run([](std::string_view) {});
}

bool all_zeros(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

bool lengths_add_up(std::string_view last_block) {
  std::size_t offset = 0;
  while (offset < last_block.size() && !in_trailer(offset)) {
    if (!fits(last_block, offset)) return all_zeros(last_block.substr(offset));
    const Header header = header_at(last_block, offset);
    if (header.type == 0 && header.length == 0) return all_zeros(last_block.substr(offset));
    offset += kHeaderBytes + header.length;
  }
  return true;
}

std::optional<std::uint64_t> oldest_log_in_use(std::string_view manifest) {
  std::optional<std::uint64_t> number;
  Scanner(manifest).run([&](std::string_view edit) { read_log_number(edit, number); });
  return number;
}

}  // namespace holdfast::storage
