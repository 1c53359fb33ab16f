"""What a user notices: a client that asks the application every 50 ms, from outside."""

import http.client
import threading
import time

PERIOD = 0.05
PATIENCE = 2.0


class Outage:
    """Asks GET /cycles (which needs the application and its database) until it is told to stop.

    An outage lasts from the beginning of the first request that failed to the end of the next one that did not.
    """

    def __init__(self, port):
        self.port = port
        self.spans = []
        self.asked = 0
        self._stop = threading.Event()
        self._forgets = threading.Event()
        self._thread = threading.Thread(target=self._ask_on, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        # One more answer after the last change, so that an outage has an end.
        time.sleep(4 * PERIOD)
        self._stop.set()
        self._thread.join()

    def _ask_on(self):
        failed_since = None
        while not self._stop.is_set():
            start = time.monotonic()
            answered = self._answers()
            self.asked += 1
            if not answered and failed_since is None:
                failed_since = start
            if answered and failed_since is not None:
                self.spans.append(time.monotonic() - failed_since)
                failed_since = None
            if self._forgets.is_set():
                self.spans.clear()
                failed_since = None
                self._forgets.clear()
            self._stop.wait(max(0, start + PERIOD - time.monotonic()))
        if failed_since is not None:
            self.spans.append(time.monotonic() - failed_since)

    def _answers(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", "/cycles")
            answer = connection.getresponse()
            answer.read()
            return answer.status == 200
        except OSError:
            return False
        except http.client.HTTPException:
            return False
        finally:
            connection.close()

    def forget(self):
        """What was noticed up to now was the scenario's own doing."""
        self._forgets.set()
        while self._forgets.is_set():
            time.sleep(PERIOD)

    @property
    def seconds(self):
        return sum(self.spans)
