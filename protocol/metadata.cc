#include "protocol/metadata.h"

namespace holdfast {

bool learned_by_mark(const Action& stored, Position learned_below) {
  return !stored.learned && stored.position < learned_below && stored.value &&
         !moves_begin(*stored.value);
}

}  // namespace holdfast
