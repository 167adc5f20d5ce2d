#include "properties/verdict.h"

#include <utility>

#include <fmt/format.h>

#include "protocol/env/check.h"

namespace holdfast::properties {

int exit_code(FailureClass failure) {
  switch (failure) {
    case FailureClass::kCrash:
      return 10;
    case FailureClass::kLiveness:
      return 11;
    case FailureClass::kSafety:
      return 12;
  }
  HOLDFAST_UNREACHABLE("failure class");
}

std::string_view name_of(FailureClass failure) {
  switch (failure) {
    case FailureClass::kCrash:
      return "crash";
    case FailureClass::kLiveness:
      return "liveness";
    case FailureClass::kSafety:
      return "safety";
  }
  HOLDFAST_UNREACHABLE("failure class");
}

std::string Violation::describe() const {
  return fmt::format("{} ({}) at event {}, {} ns, node {}: {} [{}:{}]",
                     property,
                     name_of(failure),
                     seq,
                     time_ns,
                     node.value,
                     text,
                     where.file,
                     where.line);
}

void Verdict::add(Violation violation) {
  ++total_;
  if (++counts_[violation.property] <= kKeptPerProperty) kept_.push_back(std::move(violation));
}

std::uint64_t Verdict::count(std::string_view property) const {
  const auto it = counts_.find(property);
  return it == counts_.end() ? 0 : it->second;
}

const Violation& Verdict::worst() const {
  HOLDFAST_REQUIRE(!clean());
  const Violation* worst = &kept_.front();
  for (const Violation& violation : kept_)
    if (violation.failure > worst->failure) worst = &violation;
  return *worst;
}

int Verdict::exit_code() const {
  return clean() ? 0 : properties::exit_code(worst().failure);
}

}  // namespace holdfast::properties
