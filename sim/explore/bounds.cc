#include "sim/explore/bounds.h"

#include <string_view>

#include "sim/explore/life.h"

namespace holdfast::explore {
namespace {

constexpr std::uint32_t pack(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  return std::uint32_t{a} << 24 | std::uint32_t{b} << 16 | std::uint32_t{c} << 8 | d;
}

constexpr std::uint8_t byte_of(std::uint32_t word, unsigned index) {
  return static_cast<std::uint8_t>(word >> (24 - 8 * index));
}

// Parts of a sum must not be worth anything in another place.
Fingerprint in_place(std::uint32_t place, const Fingerprint& name) {
  return chained({.high = 0x51afb4e2c0d11e55ULL, .low = place}, name);
}

}  // namespace

std::array<std::uint32_t, kBudgetWords> words_of(const Budget& budget) {
  const auto& o = budget.operations;
  return {pack(o[0], o[1], o[2], o[3]),
          pack(o[4], o[5], o[6], o[7]),
          pack(budget.alarms, budget.crashes, budget.wipes, budget.duplicates),
          pack(budget.cuts, budget.disk_errors, 0, 0)};
}

Budget budget_of(Words words) {
  Budget budget;
  for (unsigned kind = 0; kind < kOperationKinds; ++kind)
    budget.operations[kind] = byte_of(words[kind / 4], kind % 4);
  budget.alarms = byte_of(words[2], 0);
  budget.crashes = byte_of(words[2], 1);
  budget.wipes = byte_of(words[2], 2);
  budget.duplicates = byte_of(words[2], 3);
  budget.cuts = byte_of(words[3], 0);
  budget.disk_errors = byte_of(words[3], 1);
  return budget;
}

Fingerprint name_of_down(Node node, const Past& past, const Image& image) {
  StateHash hash;
  hash.add(std::string_view("down"));
  hash.add(std::uint64_t{node});
  hash.add(std::uint64_t{past.lives});
  hash.add(std::uint64_t{past.lost});
  hash.add(image);
  return hash.name();
}

Fingerprint name_of_up(Node node, const Past& past, const Fingerprint& state) {
  StateHash hash;
  hash.add(std::string_view("up"));
  hash.add(std::uint64_t{node});
  hash.add(std::uint64_t{past.lives});
  hash.add(std::uint64_t{past.lost});
  hash.add(state);
  return hash.name();
}

Fingerprint worth_of_local(Node node, const Fingerprint& name) {
  return in_place(node, name);
}

Fingerprint worth_of_flying(const Fingerprint& name) {
  return in_place(0x100, name);
}

Fingerprint worth_of_ruling(const Ruling& ruling) {
  StateHash hash;
  hash.add(ruling.memory);
  hash.add(ruling.violation);
  return in_place(0x101, hash.name());
}

Fingerprint worth_of_budget(const Budget& budget) {
  return in_place(0x102, fingerprint_of(Words(words_of(budget))));
}

}  // namespace holdfast::explore
