# SPDX-License-Identifier: BSD-2-Clause
# Prometheus and its node_exporter on loopback, for one test: started in a private folder, asked over HTTP, and stopped
# by their own process ids.

import json
import os
import pwd
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

PATIENCE = float(os.environ.get("TEST_PATIENCE", "60"))  # seconds that a condition is waited for


def wait_for(what, condition):
    """The first value of condition() that is true; raises when it is none for too long."""
    end = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {PATIENCE:.0f} s in vain: {what}")
        time.sleep(0.05)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Daemon:
    def __init__(self, command, port, log, ready, user=None):
        self.port, self.log = port, log
        with open(log, "wb") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                            user=user, group=user, extra_groups=[] if user is not None else None)
        try:
            wait_for(f"{command[0]} answers", lambda: self.answers(ready))
        except BaseException:
            self.stop()
            raise

    def answers(self, path):
        if self.process.poll() is not None:
            with open(self.log, errors="replace") as log:
                raise AssertionError(f"it ended with {self.process.returncode}: {log.read()[-2000:]}")
        try:
            self.get(path)
            return True
        except (OSError, urllib.error.URLError):
            return False

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read().decode()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class NodeExporter(Daemon):
    """With its text file collector only, and as a user who may not more than read."""

    def __init__(self, folder, log):
        port = free_port()
        nobody = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        super().__init__(["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}",
                          "--collector.disable-defaults", "--collector.textfile",
                          f"--collector.textfile.directory={folder}"], port, log, "/metrics", nobody)


class Prometheus(Daemon):
    """Scrapes `target` (a port) each second, with these files of rules; or only serves what lies in `data`."""

    def __init__(self, folder, target=None, data=None, rules=()):
        port = free_port()
        os.makedirs(folder, exist_ok=True)
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w") as out:
            json.dump({"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": list(rules),
                       "scrape_configs": [] if not target else [
                           {"job_name": "node", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}]}, out)  # JSON is YAML
        super().__init__(["prometheus", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}",
                          f"--storage.tsdb.path={data or os.path.join(folder, 'data')}", "--log.level=warn"],
                         port, os.path.join(folder, "log"), "/-/ready")

    def ask(self, query, at=None):
        """What /api/v1/query answers: a list of {metric, value} or {metric, values}."""
        args = {"query": query}
        if at is not None:
            args["time"] = f"{at:.3f}"
        try:
            answer = json.loads(self.get("/api/v1/query?" + urllib.parse.urlencode(args)))
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {error.read().decode()}") from None
        assert answer["status"] == "success" and not answer.get("warnings"), answer
        return answer["data"]["result"]

    def number(self, query, at=None):
        """The value of a query with exactly one result, else None."""
        result = self.ask(query, at)
        return float(result[0]["value"][1]) if len(result) == 1 else None


def missing():
    """Why the daemons cannot be had here; '' if they can."""
    absent = [name for name in ("prometheus", "prometheus-node-exporter", "promtool") if not shutil.which(name)]
    return f"{' and '.join(absent)} not installed" if absent else ""
