#include "sim/text.h"

#include <charconv>
#include <cstdio>
#include <limits>

#include "protocol/env/check.h"

#include "sim/topology.h"

namespace holdfast::sim {
namespace {

struct Unit {
  std::string_view suffix;
  std::int64_t ns;
};

// From the largest; a suffix is matched as a whole, so "s" never eats the end of "ms".
constexpr Unit kUnits[] = {{"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1'000}, {"ns", 1}};

template <typename Integer>
std::optional<Integer> parse_whole(std::string_view text, int base) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string hexadecimal(std::uint64_t value) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, 16).ptr;
  return "0x" + std::string(digits, end);
}

// Calls visit(item) for each of the items between commas; false as soon as it returns false.
template <typename Visit>
bool split_at_commas(std::string_view text, Visit&& visit) {
  while (true) {
    const std::size_t comma = text.find(',');
    if (!visit(text.substr(0, comma))) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

std::optional<NodeId> parse_node(std::string_view text) {
  const auto number = parse_whole<std::uint8_t>(text, 10);
  if (!number || *number < 1 || *number > kMaxNodes) return std::nullopt;
  return NodeId{*number};
}

std::optional<std::uint64_t> parse_nodes(std::string_view text) {
  NodeSet nodes;
  const bool good = split_at_commas(text, [&](std::string_view item) {
    const auto node = parse_node(item);
    if (node) nodes = nodes | NodeSet::of(*node);
    return node.has_value();
  });
  if (!good) return std::nullopt;
  return nodes.bits;
}

std::optional<std::uint64_t> parse_links(std::string_view text) {
  LinkSet links;
  const bool good = split_at_commas(text, [&](std::string_view item) {
    const std::size_t arrow = item.find('>');
    if (arrow == std::string_view::npos) return false;
    const auto from = parse_node(item.substr(0, arrow));
    const auto to = parse_node(item.substr(arrow + 1));
    if (!from || !to || *from == *to) return false;
    links = links | LinkSet::of(*from, *to);
    return true;
  });
  if (!good) return std::nullopt;
  return links.bits;
}

std::optional<std::int64_t> parse_suffixed(std::string_view text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return std::nullopt;
  return parse_integer(text.substr(0, text.size() - suffix.size()));
}

std::optional<std::int64_t> parse_direction(std::string_view text) {
  if (text == "out") return static_cast<std::int64_t>(Direction::kOut);
  if (text == "in") return static_cast<std::int64_t>(Direction::kIn);
  if (text == "both") return static_cast<std::int64_t>(Direction::kBoth);
  return std::nullopt;
}

std::string format_direction(std::int64_t arg) {
  switch (arg) {
    case static_cast<std::int64_t>(Direction::kOut):
      return "out";
    case static_cast<std::int64_t>(Direction::kIn):
      return "in";
    case static_cast<std::int64_t>(Direction::kBoth):
      return "both";
  }
  return std::to_string(arg);
}

}  // namespace

std::string format_duration(Duration duration) {
  for (const Unit& unit : kUnits) {
    if (duration.ns() % unit.ns == 0) {
      return std::to_string(duration.ns() / unit.ns) + std::string(unit.suffix);
    }
  }
  HOLDFAST_UNREACHABLE("every duration is a whole number of nanoseconds");
}

std::optional<Duration> parse_duration(std::string_view text) {
  const std::size_t digits_end = text.find_first_not_of("-0123456789");
  if (digits_end == std::string_view::npos) return std::nullopt;
  const auto count = parse_integer(text.substr(0, digits_end));
  if (!count) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (text.substr(digits_end) != unit.suffix) continue;
    std::int64_t ns = 0;
    if (__builtin_mul_overflow(*count, unit.ns, &ns)) return std::nullopt;
    return Duration::nanoseconds(ns);
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  return parse_whole<std::int64_t>(text, 10);
}

std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
  if (text.starts_with("0x")) return parse_whole<std::uint64_t>(text.substr(2), 16);
  return parse_whole<std::uint64_t>(text, 10);
}

std::string_view group_name(GroupMeaning meaning) {
  switch (meaning) {
    case GroupMeaning::kNone:
      return "";
    case GroupMeaning::kNodes:
      return "nodes";
    case GroupMeaning::kLinks:
      return "links";
    case GroupMeaning::kKey:
      return "key";
  }
  HOLDFAST_UNREACHABLE("a meaning of a group without a name");
}

std::string format_group(GroupMeaning meaning, std::uint64_t group) {
  switch (meaning) {
    case GroupMeaning::kNone:
      return "";
    case GroupMeaning::kNodes:
      return to_string(NodeSet{group});
    case GroupMeaning::kLinks:
      return to_string(LinkSet{group});
    case GroupMeaning::kKey:
      return hexadecimal(group);
  }
  HOLDFAST_UNREACHABLE("a meaning of a group without a format");
}

std::optional<std::uint64_t> parse_group(GroupMeaning meaning, std::string_view text) {
  switch (meaning) {
    case GroupMeaning::kNone:
      return std::nullopt;
    case GroupMeaning::kNodes:
      return parse_nodes(text);
    case GroupMeaning::kLinks:
      return parse_links(text);
    case GroupMeaning::kKey:
      return parse_unsigned(text);
  }
  HOLDFAST_UNREACHABLE("a meaning of a group without a parser");
}

std::string_view arg_name(ArgMeaning meaning) {
  switch (meaning) {
    case ArgMeaning::kNone:
      return "";
    case ArgMeaning::kDirection:
      return "direction";
    case ArgMeaning::kVariant:
      return "variant";
    case ArgMeaning::kCount:
      return "n";
    case ArgMeaning::kPpm:
      return "rate";
    case ArgMeaning::kPercent:
      return "share";
    case ArgMeaning::kTime:
      return "by";
  }
  HOLDFAST_UNREACHABLE("a meaning of an argument without a name");
}

std::string format_arg(ArgMeaning meaning, std::int64_t arg) {
  switch (meaning) {
    case ArgMeaning::kNone:
      return "";
    case ArgMeaning::kDirection:
      return format_direction(arg);
    case ArgMeaning::kVariant:
    case ArgMeaning::kCount:
      return std::to_string(arg);
    case ArgMeaning::kPpm:
      return std::to_string(arg) + "ppm";
    case ArgMeaning::kPercent:
      return std::to_string(arg) + '%';
    case ArgMeaning::kTime:
      return format_duration(Duration::nanoseconds(arg));
  }
  HOLDFAST_UNREACHABLE("a meaning of an argument without a format");
}

std::optional<std::int64_t> parse_arg(ArgMeaning meaning, std::string_view text) {
  switch (meaning) {
    case ArgMeaning::kNone:
      return std::nullopt;
    case ArgMeaning::kDirection:
      return parse_direction(text);
    case ArgMeaning::kVariant:
    case ArgMeaning::kCount:
      return parse_integer(text);
    case ArgMeaning::kPpm:
      return parse_suffixed(text, "ppm");
    case ArgMeaning::kPercent:
      return parse_suffixed(text, "%");
    case ArgMeaning::kTime:
      if (const auto duration = parse_duration(text)) return duration->ns();
      return std::nullopt;
  }
  HOLDFAST_UNREACHABLE("a meaning of an argument without a parser");
}

std::string_view arg_example(ArgMeaning meaning) {
  switch (meaning) {
    case ArgMeaning::kNone:
      return "nothing";
    case ArgMeaning::kDirection:
      return "out, in or both";
    case ArgMeaning::kVariant:
      return "0 or 1";
    case ArgMeaning::kCount:
      return "a count such as 2";
    case ArgMeaning::kPpm:
      return "a rate such as 20000ppm";
    case ArgMeaning::kPercent:
      return "a share such as 150%";
    case ArgMeaning::kTime:
      return "a time such as 5ms";
  }
  HOLDFAST_UNREACHABLE("a meaning of an argument without an example");
}

std::optional<Target> parse_target(std::string_view text) {
  for (const Role role :
       {Role::kCoordinator, Role::kCatchingUp, Role::kVoting, Role::kRecovering}) {
    if (text == name_of(role)) return role;
  }
  if (const auto node = parse_whole<std::uint8_t>(text, 10)) return NodeId{*node};
  return std::nullopt;
}

}  // namespace holdfast::sim
