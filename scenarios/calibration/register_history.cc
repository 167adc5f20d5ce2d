#include "scenarios/calibration/register_history.h"

#include <algorithm>

#include "protocol/env/check.h"

namespace holdfast::scenarios {

explore::Judgement RegisterHistory::observe(explore::Judgement now, explore::Observation seen) {
  History history = histories_[now];
  const ClientStep& step = record_[seen];
  std::vector<Operation>& own = history[step.client];
  if (step.returned) {
    HOLDFAST_REQUIRE(!own.empty() && !own.back().returned, step.client);
    own.back().returned = step.returned;
  }
  if (step.called) {
    Operation operation{.call = *step.called, .returned = {}, .after = {}};
    for (const auto& [client, operations] : history) {
      const auto returned =
          std::count_if(operations.begin(), operations.end(), [](const auto& each) {
            return each.returned.has_value();
          });
      if (client != step.client && returned > 0) {
        operation.after[client] = static_cast<std::uint32_t>(returned);
      }
    }
    own.push_back(std::move(operation));
  }
  return histories_.number_of(history);
}

std::string RegisterHistory::violation(explore::Judgement now) {
  const auto [place, fresh] = explainable_.try_emplace(now, true);
  if (fresh) {
    Explained explained;
    place->second = explainable(histories_[now], explained, 0);
  }
  return place->second ? "" : "no order of the operations explains what clients were told";
}

bool RegisterHistory::explainable(const History& history,
                                  Explained& explained,
                                  RegisterValue value) {
  bool all = true;
  for (const auto& [client, operations] : history) {
    const std::uint32_t done = explained[client];
    if (done == operations.size()) continue;
    const Operation& next = operations[done];
    // One that has not returned may not have happened.
    all = all && !next.returned;
    if (std::any_of(next.after.begin(), next.after.end(), [&](const auto& bound) {
          return explained[bound.first] < bound.second;
        })) {
      continue;
    }
    if (!next.call.write && next.returned && *next.returned != value) continue;
    ++explained[client];
    if (explainable(history, explained, next.call.write.value_or(value))) return true;
    --explained[client];
  }
  return all;
}

}  // namespace holdfast::scenarios
