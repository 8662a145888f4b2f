// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A browser that does what a script says, as a user would.
enum ScriptedBrowser {
  /// Opens `page` of the server and runs `steps`, the body of an asynchronous function that has
  /// `until(test, what)`, which waits for a condition, and `page`, the element of the page.
  ///
  /// - Returns: What the function returned, as JSON.
  static func evaluate(_ stack: Stack, _ page: String, _ steps: String) throws -> String {
    let script = """
      (async () => {
        const until = async (test, what) => {
          const end = Date.now() + 60000;
          for (;;) {
            const found = test();
            if (found) return found;
            if (Date.now() > end) throw new Error(`this never came: ${what}`);
            await new Promise((done) => setTimeout(done, 50));
          }
        };
        const $ = (selector) => document.querySelector(selector);
        const row = (place, text) => [...document.querySelectorAll(`${place} tbody tr`)]
          .find((line) => line.textContent.includes(text));
        \(steps)
      })()
      """
    return try run(
      "python3", ["-c", driver, "http://127.0.0.1:\(stack.http)/\(page)", script]
    ).output
  }

  /// Speaks the browser's debugging protocol through its pipes (file descriptors 3 and 4).
  private static let driver = #"""
    import fcntl, json, os, shutil, subprocess, sys, tempfile

    url, expression = sys.argv[1:]
    to_child, from_child = os.pipe(), os.pipe()
    profile = tempfile.mkdtemp()

    def prepare():
        # Either end may have the number that the other is to get.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_child[0], from_child[1])]
        os.dup2(ends[0], 3)
        os.dup2(ends[1], 4)

    browser = subprocess.Popen(
        ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,900",
         "--user-data-dir=" + profile, "--remote-debugging-pipe", "about:blank"],
        close_fds=False, preexec_fn=prepare, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(to_child[0])
    os.close(from_child[1])
    requests = os.fdopen(to_child[1], "wb", 0)
    answers = os.fdopen(from_child[0], "rb", 0)
    number, rest = 0, b""

    def call(method, parameters, session=None):
        global number, rest
        number += 1
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        requests.write(json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in rest:
                more = answers.read(65536)
                if not more:
                    raise SystemExit("the browser ended")
                rest += more
            line, rest = rest.split(b"\0", 1)
            answer = json.loads(line)
            if answer.get("id") == number:
                if "error" in answer:
                    raise SystemExit(json.dumps(answer["error"]))
                return answer["result"]

    try:
        target = call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        call("Page.navigate", {"url": url}, session)
        result = call("Runtime.evaluate", {"expression": expression, "awaitPromise": True,
                                           "returnByValue": True, "userGesture": True}, session)
        if "exceptionDetails" in result:
            raise SystemExit(json.dumps(result["exceptionDetails"]))
        print(json.dumps(result["result"].get("value")))
    finally:
        browser.kill()
        browser.wait()
        shutil.rmtree(profile, ignore_errors=True)
    """#
}
