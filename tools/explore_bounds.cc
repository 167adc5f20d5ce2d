#include "tools/explore_bounds.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sim/text.h"

#include "scenarios/explore/log_company.h"

namespace holdfast::tools {
namespace {

// All that may happen, by name.
template <typename Field>
using Named = std::vector<std::pair<std::string, Field*>>;

template <typename Field>
Named<Field> operations_of(std::array<Field, explore::kOperationKinds>& operations) {
  const scenarios::LogCompany company({});
  Named<Field> all;
  for (std::uint8_t kind = 0; kind < scenarios::kLogOperations; ++kind)
    all.emplace_back(company.name_of(kind), &operations[kind]);
  return all;
}

Named<std::uint8_t> amounts_of(explore::Budget& budget) {
  Named<std::uint8_t> all = operations_of(budget.operations);
  all.emplace_back("alarm", &budget.alarms);
  all.emplace_back("crash", &budget.crashes);
  all.emplace_back("wipe", &budget.wipes);
  all.emplace_back("duplicate", &budget.duplicates);
  all.emplace_back("cut", &budget.cuts);
  all.emplace_back("error", &budget.disk_errors);
  return all;
}

// What happens to a member, by name.
Named<std::uint32_t> places_of(explore::Where& where) {
  Named<std::uint32_t> all = operations_of(where.operations);
  all.emplace_back("alarm", &where.alarms);
  all.emplace_back("crash", &where.crashes);
  all.emplace_back("wipe", &where.wipes);
  all.emplace_back("error", &where.disk_errors);
  all.emplace_back("boot", &where.boots);
  return all;
}

template <typename Field>
Field* find(const Named<Field>& all, std::string_view name) {
  for (const auto& [each, field] : all)
    if (each == name) return field;
  return nullptr;
}

template <typename Field>
std::string names_of(const Named<Field>& all) {
  std::string names;
  for (const auto& [each, field] : all)
    names += (names.empty() ? "" : ", ") + each;
  return names;
}

// Before and after the sign.
std::pair<std::string_view, std::string_view> halves_of(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {text, {}};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace

std::string set_budget(const std::string& text, explore::Bounds& bounds) {
  const auto [name, number] = halves_of(text);
  const auto amount = sim::parse_unsigned(number);
  constexpr std::uint64_t kMost = 100;
  if (!amount || *amount > kMost) {
    return fmt::format(
        "'{}' is no budget; use a name and a number up to {}, as append=2", text, kMost);
  }
  const auto all = amounts_of(bounds.budget);
  std::uint8_t* const field = find(all, name);
  if (field == nullptr) {
    return fmt::format("'{}' is nothing that can happen; use one of {}", name, names_of(all));
  }
  *field = static_cast<std::uint8_t>(*amount);
  return {};
}

std::string set_where(const std::string& text, std::size_t members, explore::Bounds& bounds) {
  const auto [name, list] = halves_of(text);
  std::uint32_t nodes = 0;
  for (std::string_view rest = list;;) {
    const std::size_t plus = rest.find('+');
    const auto member = sim::parse_unsigned(rest.substr(0, plus));
    if (!member || *member == 0 || *member > members) {
      return fmt::format(
          "'{}' names no members; use a name and members from 1 to {}, as wipe=2+3", text, members);
    }
    nodes |= 1u << (*member - 1);
    if (plus == std::string_view::npos) break;
    rest = rest.substr(plus + 1);
  }
  const auto all = places_of(bounds.where);
  std::uint32_t* const field = find(all, name);
  if (field == nullptr) {
    return fmt::format(
        "'{}' is nothing that happens to a member; use one of {}", name, names_of(all));
  }
  *field = nodes;
  return {};
}

std::string budget_text(const explore::Bounds& bounds) {
  explore::Budget budget = bounds.budget;
  std::vector<std::string> parts;
  for (const auto& [name, amount] : amounts_of(budget))
    if (*amount > 0) parts.push_back(fmt::format("{}={}", name, *amount));
  return parts.empty() ? "nothing" : fmt::format("{}", fmt::join(parts, " "));
}

std::string where_text(const explore::Bounds& bounds) {
  explore::Where where = bounds.where;
  std::vector<std::string> parts;
  for (const auto& [name, nodes] : places_of(where)) {
    if (*nodes == ~0u) continue;
    std::vector<unsigned> members;
    for (explore::Node node = 0; node < 32; ++node)
      if (explore::is_at(*nodes, node)) members.push_back(node + 1);
    parts.push_back(fmt::format("{}={}", name, fmt::join(members, "+")));
  }
  return fmt::format("{}", fmt::join(parts, " "));
}

std::string bounds_text(const explore::Bounds& bounds) {
  const std::string where = where_text(bounds);
  return budget_text(bounds) + (where.empty() ? "" : "; only at members " + where);
}

}  // namespace holdfast::tools
