"""How the peers' steps are timed, and what is told of them: the fields of `workbench bench --json`, where they apply."""

import statistics
import sys
import time


def timed(step, warmup, steps, first_began):
    """Calls step() until `steps` are timed; returns (seconds of each, seconds until the first was done)."""
    step()
    first = time.perf_counter() - first_began
    for _ in range(warmup):
        step()
    times = []
    for _ in range(steps):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return times, first


def report(times, first, batch, **more):
    """One JSON object."""
    times = sorted(times)
    median = statistics.median(times)
    at = lambda share: times[round(share * (len(times) - 1))]
    return {
        **more,
        "batch_size": batch,
        "steps": len(times),
        "images_per_second": batch / median,
        "step_ms": {"median": 1e3 * median, "p10": 1e3 * at(0.1), "p90": 1e3 * at(0.9)},
        "first_step_seconds": first,
        "peak_rss_mb": peak_rss_mb(),
    }


def peak_rss_mb():
    """The most memory that this process has held."""
    try:
        with open("/proc/self/status") as status:
            line = next(line for line in status if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    except (OSError, StopIteration):
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
