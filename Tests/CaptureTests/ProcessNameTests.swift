// SPDX-License-Identifier: Apache-2.0

import Capture
import Testing

/// A service is known by what it runs; half of a fleet is called `java` or `python3`.
@Suite struct ProcessNameTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let command: String
    let executable: String
    let name: String

    init(_ command: String, _ executable: String, _ name: String) {
      self.command = command
      self.executable = executable
      self.name = name
    }

    var testDescription: String { command }
  }

  @Test(arguments: [
    Case("nginx: worker process", "/usr/sbin/nginx", "nginx"),
    Case("postgres: writer process", "/usr/lib/postgresql/15/bin/postgres", "postgres"),
    Case("redis-server *:6379", "/usr/bin/redis-server (deleted)", "redis-server"),
    Case("/usr/sbin/mariadbd --user=mysql", "/usr/sbin/mariadbd", "mariadbd"),
    Case("sleep 10", "/bin/busybox", "sleep"),
    Case(
      "/opt/java/bin/java -Xmx2g -jar /srv/shop/orders-1.4.jar --port 8080", "", "orders-1.4.jar"),
    Case("java -jar app.jar", "/usr/lib/jvm/java-17/bin/java", "app.jar"),
    Case(
      "java -cp /a:/b -Dx=y org.apache.kafka.Kafka server.properties", "/bin/java",
      "org.apache.kafka.Kafka"),
    Case(
      "java -classpath /a --add-opens a/b=c -javaagent:/x.jar com.shop.Main", "/bin/java",
      "com.shop.Main"),
    Case("java -p mods -m com.shop/com.shop.Main", "/bin/java", "com.shop.Main"),
    Case("java -version", "/bin/java", "java"),
    Case("python3 -u /srv/app/server.py --debug", "/usr/bin/python3.11", "server.py"),
    Case("python -m http.server 8000", "/usr/bin/python3.11", "http.server"),
    Case("python3 -um uvicorn app:app", "/usr/bin/python3.11", "uvicorn"),
    Case("python3 -mflask run", "/usr/bin/python3.11", "flask"),
    Case("python3 -W ignore -X dev manage.py runserver", "/usr/bin/python3.11", "manage.py"),
    Case("python3 -c print(1)", "/usr/bin/python3.11", "python3.11"),
    Case("python3", "/usr/bin/python3.11", "python3.11"),
    Case("/usr/bin/python3 /usr/local/bin/gunicorn shop:app", "/usr/bin/python3.11", "gunicorn"),
    Case("python3 -", "/usr/bin/python3.11", "python3.11"),
    Case("node --inspect /srv/web/server.js", "/usr/bin/node", "server.js"),
    Case("node -r ./tracing.js --max-old-space-size=512 index.js", "/usr/bin/node", "index.js"),
    Case("node /usr/bin/npm start", "/usr/bin/node", "npm"),
    Case("node -e 1", "/usr/bin/node", "node"),
    Case("ruby -I lib bin/rails server", "/usr/bin/ruby3.1", "rails"),
    Case("perl -w -T /usr/bin/munin-node", "/usr/bin/perl", "munin-node"),
    Case("php-fpm: pool www", "/usr/sbin/php-fpm8.2", "php-fpm"),
    Case("php -d memory_limit=1G artisan queue:work", "/usr/bin/php8.2", "artisan"),
    Case("php -S 127.0.0.1:8000", "/usr/bin/php8.2", "php8.2"),
    Case("php -f job.php", "/usr/bin/php8.2", "job.php"),
    Case("/bin/bash -e /opt/backup.sh nightly", "/usr/bin/bash", "backup.sh"),
    Case("bash -lc env", "/usr/bin/bash", "bash"),
    Case("-bash", "/usr/bin/bash", "bash"),
    Case("lua router.lua", "/usr/bin/lua5.4", "router.lua"),
    Case("dotnet exec /app/Shop.dll", "/usr/share/dotnet/dotnet", "Shop.dll"),
    Case("", "", "kworker/0:1"),
  ])
  func aProcessIsNamedByWhatItRuns(example: Case) {
    let arguments = example.command.split(separator: " ").map(String.init)
    let name = ProcessName.name(
      arguments: arguments, executable: example.executable, kernelName: "kworker/0:1")
    #expect(name == example.name)
  }

  /// Debian's redis-server is a link to redis-check-rdb; the thread's name tells which was meant.
  @Test func aProgramWithSeveralNamesIsCalledByTheOneInUse() {
    let name = ProcessName.name(
      arguments: ["redis-server 127.0.0.1:6379"], executable: "/usr/bin/redis-check-rdb",
      kernelName: "redis-server")
    #expect(name == "redis-server")
    let own = ProcessName.name(
      arguments: ["/proc/self/exe", "--type=utility"], executable: "/usr/lib/chromium/chromium",
      kernelName: "exe")
    #expect(own == "chromium")
  }

  /// Python and Ruby servers write a title over their arguments, as one string.
  @Test(arguments: [
    ("gunicorn: master [shop:app]", "/usr/bin/python3.11", "gunicorn"),
    ("puma 5.6.5 (tcp://0.0.0.0:3000) [shop]", "/usr/bin/ruby3.1", "puma"),
    ("python3", "/usr/bin/python3.11", "python3.11"),
    ("npm start", "/usr/bin/node", "npm"),
  ])
  func aTitleNamesAnInterpretedProgram(title: String, executable: String, name: String) {
    #expect(
      ProcessName.name(arguments: [title, ""], executable: executable, kernelName: "x") == name)
  }

  /// Arguments are the process's own word.
  @Test func aNameIsBounded() {
    let long = String(repeating: "ä", count: 5_000)
    let name = ProcessName.name(
      arguments: ["python3", long], executable: "/usr/bin/python3", kernelName: "python3")
    #expect(name.utf8.count == ProcessName.limit)
  }
}
