"""
Archives one output of a task that runs. Arguments: the task's `ml` folder, the output's path as the task calls it, the
archive to write. Prints {"sizeBytes", "md5", "members"}.
"""
import json
import os
import sys

import collect
from places import below


def main():
    ml, inside, target = sys.argv[1:]
    os.nice(10)  # the task's own work goes first
    place = os.path.relpath(below(ml, inside), ml)
    size, md5, _, count = collect.collect(ml, place, inside.rstrip('/'), target, scratch=os.path.dirname(target))
    json.dump({'sizeBytes': size, 'md5': md5, 'members': count}, sys.stdout)


main()
