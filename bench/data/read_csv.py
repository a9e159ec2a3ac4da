"""Reads one file with pandas' C reader: python read_csv.py FILE. Prints seconds, rows and the peak of memory."""

import json
import resource
import sys
import time

import pandas

start = time.perf_counter()
table = pandas.read_csv(sys.argv[1], engine="c")
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "rows": len(table), "peakMegabytes": peak}))
