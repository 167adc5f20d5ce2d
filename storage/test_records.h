#pragma once

// Records for tests, in few words.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "protocol/replica_store.h"

namespace holdfast::storage {

inline Payload payload(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

inline Action promised(Position at, Ballot ballot) {
  Action action;
  action.position = at;
  action.promised = ballot;
  return action;
}

inline Action written(Position at, Ballot ballot, Value value) {
  Action action = promised(at, ballot);
  action.performed = ballot;
  action.value = std::move(value);
  return action;
}

inline Action learned(Position at, Value value) {
  Action action = written(at, {1}, std::move(value));
  action.learned = true;
  return action;
}

inline Value text(const std::string& bytes) {
  return Value::append(payload(bytes), {1, 2});
}

inline WriteBatch batch_of(std::vector<Action> actions) {
  WriteBatch batch;
  batch.actions = std::move(actions);
  return batch;
}

inline std::vector<std::uint64_t> positions(const std::vector<Action>& actions) {
  std::vector<std::uint64_t> all;
  for (const Action& action : actions)
    all.push_back(action.position.value);
  return all;
}

}  // namespace holdfast::storage
