"""Speed and memory as ratios to a yardstick in the same run; never an assertion on seconds."""
