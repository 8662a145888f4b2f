// SPDX-License-Identifier: Apache-2.0

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A service in Java: Service.java MODE PORT BACKEND. MODE pool: a pool of 16 does all. futures: one
 * pool reads, a second calls, stage by stage, a third replies. client: java.net.http, asynchronous.
 */
public class Service {
    static String backend;
    static final ExecutorService workers = Executors.newFixedThreadPool(16);
    static final ExecutorService repliers = Executors.newFixedThreadPool(4);
    static final HttpClient client =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).executor(workers).build();

    static String call(String path, String judge) {
        try {
            var connection = (HttpURLConnection) new URL(backend + path).openConnection();
            connection.setRequestProperty("X-Judge", judge);
            try (InputStream body = connection.getInputStream()) {
                return new String(body.readAllBytes());
            }
        } catch (IOException error) {
            throw new RuntimeException(error);
        }
    }

    static String serve(String path, String judge) {
        var random = ThreadLocalRandom.current();
        switch (path) {
            case "/two":
                return call("/k0", judge) + call("/k1", judge);
            case "/maybe":
                return call("/k0", judge) + (random.nextBoolean() ? call("/k2", judge) : "");
            case "/loop": {
                var all = new StringBuilder();
                for (int left = random.nextInt(1, 4); left > 0; left--) {
                    all.append(call("/k4", judge));
                }
                return all.toString();
            }
            default:
                return "";
        }
    }

    interface Caller {
        CompletableFuture<String> call(String path, String judge);
    }

    static CompletableFuture<String> plan(Caller caller, String path, String judge) {
        var random = ThreadLocalRandom.current();
        switch (path) {
            case "/two":
                return caller.call("/k0", judge).thenComposeAsync(
                    first -> caller.call("/k1", judge), workers);
            case "/maybe":
                return random.nextBoolean()
                    ? caller.call("/k0", judge).thenComposeAsync(
                        first -> caller.call("/k2", judge), workers)
                    : caller.call("/k0", judge);
            case "/fan": {
                var one = caller.call("/k0", judge);
                var two = caller.call("/k1", judge);
                var three = caller.call("/k2", judge);
                return CompletableFuture.allOf(one, two, three).thenComposeAsync(
                    done -> caller.call("/k3", judge), workers);
            }
            case "/loop": {
                var chain = caller.call("/k4", judge);
                for (int left = random.nextInt(0, 3); left > 0; left--) {
                    chain = chain.thenComposeAsync(before -> caller.call("/k4", judge), workers);
                }
                return chain;
            }
            default:
                return CompletableFuture.completedFuture("");
        }
    }

    static void reply(HttpExchange exchange, String text) {
        try {
            byte[] body = (text + " ").getBytes();
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        } catch (IOException error) {
            exchange.close();
        }
    }

    public static void main(String[] arguments) throws IOException {
        String mode = arguments[0];
        System.setProperty("http.maxConnections", "64");
        System.setProperty("sun.net.httpserver.nodelay", "true");
        System.setProperty("sun.net.httpserver.maxIdleConnections", "1000");
        backend = "http://127.0.0.1:" + arguments[2];
        var address = new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[1]));
        var server = HttpServer.create(address, 1024);
        Caller futures = (path, judge) ->
            CompletableFuture.supplyAsync(() -> call(path, judge), workers);
        Caller asynchronous = (path, judge) -> client.sendAsync(
            HttpRequest.newBuilder(URI.create(backend + path)).header("X-Judge", judge).build(),
            HttpResponse.BodyHandlers.ofString()).thenApply(HttpResponse::body);
        server.setExecutor(Executors.newFixedThreadPool(mode.equals("pool") ? 16 : 4));
        server.createContext("/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            String judge = exchange.getRequestHeaders().getFirst("X-Judge");
            if (mode.equals("pool")) {
                reply(exchange, serve(path, judge));
                return;
            }
            Caller caller = mode.equals("futures") ? futures : asynchronous;
            plan(caller, path, judge).thenAcceptAsync(text -> reply(exchange, text), repliers);
        });
        server.start();
    }
}
