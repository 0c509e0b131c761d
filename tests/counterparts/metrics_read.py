#!/usr/bin/env python3
"""Figures as Prometheus's own library reads them, for the tests.   (pip install prometheus-client)

Reads what /metrics answered from standard input and prints it as JSON:

  {"types": {family: type}, "undescribed": [family, …], "samples": {"name{label=\"value\",…}": value}}

Labels are sorted. What the library does not read ends with a traceback and a status other than 0; so does a figure that is
there twice, a histogram whose buckets do not add up, and a family whose samples are apart.
"""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

types, undescribed, samples = {}, [], {}
for family in text_string_to_metric_families(sys.stdin.read()):
    assert family.name not in types, f"{family.name} is there twice"
    types[family.name] = family.type
    if not family.documentation:
        undescribed.append(family.name)
    buckets = {}
    for sample in family.samples:
        labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
        key = f"{sample.name}{{{labels}}}" if labels else sample.name
        assert key not in samples, f"{key} is there twice"
        samples[key] = sample.value
        if sample.name.endswith("_bucket"):
            of = tuple(sorted(pair for pair in sample.labels.items() if pair[0] != "le"))
            buckets.setdefault(of, []).append((float(sample.labels["le"]), sample.value))
    for of, counted in buckets.items():
        bounds = [bound for bound, _ in counted]
        numbers = [number for _, number in counted]
        assert bounds == sorted(bounds) and bounds[-1] == float("inf"), (family.name, bounds)
        assert numbers == sorted(numbers), (family.name, numbers)
        labels = ",".join(f'{name}="{value}"' for name, value in of)
        total = f"{family.name}_count{{{labels}}}" if labels else f"{family.name}_count"
        assert samples[total] == numbers[-1], (total, samples[total], numbers[-1])
print(json.dumps({"types": types, "undescribed": undescribed, "samples": samples}))
