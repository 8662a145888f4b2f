// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct URLPrivacyTests {
  @Test(
    arguments: [
      ("/pay?token=s3cr3t&step=2", "/pay?token=?&step=?", "/pay"),
      ("/a/b/c?x=", "/a/b/c?x=", "/a/b/c"), ("/a?debug", "/a?debug", "/a"),
      ("/a?filter[name]=x&filter%5Bid%5D=y", "/a?filter[name]=?&filter%5Bid%5D=?", "/a"),
      ("/a?dGhpcyBpcyBhIHNlY3JldA==", "/a??", "/a"),
      ("/a?a%3Db", "/a??", "/a"), ("/a?x=1;y=2", "/a?x=?;y=?", "/a"),
      ("/a?x=1?y=2", "/a?x=?", "/a"),
      ("/a#access_token=s", "/a#access_token=?", "/a"),
      (
        "/cart;jsessionid=ABC/items?p=1", "/cart;jsessionid=?/items?p=?", "/cart;jsessionid=?/items"
      ),
      ("/v1/token/abcdef/x", "/v1/token/?/x", "/v1/token/?/x"),
      ("/token/abcdef/x", "/token/?/x", "/token/?/x"),
      ("/api-key/k1/list?n=1", "/api-key/?/list?n=?", "/api-key/?/list"),
      ("/oauth/token/refresh", "/oauth/token/refresh", "/oauth/token/refresh"),
      ("/reset-password/Zm9v", "/reset-password/?", "/reset-password/?"),
      ("/x/apikey=abc", "/x/apikey=?", "/x/apikey=?"),
      ("/x/secret:abc", "/x/secret:?", "/x/secret:?"),
      ("/a%3Ftoken%3Dabc", "/a%3Ftoken%3D?", "/a%3Ftoken%3D?"),
      ("/bot12345:AAF-x/getMe", "/bot12345:?/getMe", "/bot12345:?/getMe"),
      ("/go/http://ann:pw@h/x", "/go/http://?@h/x", "/go/http:/?@h/x"),
      ("/j/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln/x", "/j/?/x", "/j/?/x"),
      ("/books/kettle/7", "/books/kettle/7", "/books/kettle/{id}"),
      ("/files/report.v2:final", "/files/report.v2:final", "/files/report.v2:final"),
      ("/dt=2024-01-01/part", "/dt=2024-01-01/part", "/dt={id}/part"), ("*", "*", "*"),
    ])
  func aTargetKeepsItsKeys(target: String, resource: String, endpoint: String) {
    let message = request("GET \(target) HTTP/1.1\r\n\r\n", PrivacyRules())
    #expect(message?.texts["request_resource"] == resource)
    #expect(message?.texts["endpoint"] == endpoint)
  }

  @Test(
    arguments: [
      ("/a?q=shoes&token=x", "/a?q=shoes&token=?"), ("/a?apiKey=x&n=1", "/a?apiKey=?&n=1"),
      ("/a?X-Amz-Signature=x&author=b", "/a?X-Amz-Signature=?&author=b"),
      ("/a?%74oken=x", "/a?%74oken=?"), ("/a?u=http://a:b@c", "/a?u=?"),
      ("/a?customer_number=7", "/a?customer_number=?"),
      ("/a?CustomerNumber=7", "/a?CustomerNumber=?"),
      ("/customer-number/7", "/customer-number/?"),
    ])
  func namesOfSecretsAreEnoughWhereSoConfigured(target: String, resource: String) {
    var rules = PrivacyRules()
    rules.urlValues = .secrets
    let isName = rules.add(secretName: "customer-number")
    #expect(isName)
    let message = request("GET \(target) HTTP/1.1\r\n\r\n", rules)
    #expect(message?.texts["request_resource"] == resource)
  }

  @Test func valuesAreShownWhereSoConfigured() {
    var rules = PrivacyRules()
    rules.urlValues = .show
    let message = request(
      "GET http://ann:pw@h.example/a?token=x HTTP/1.1\r\nReferer: http://ann:pw@b/c?d=e\r\n\r\n",
      rules)
    #expect(message?.texts["request_resource"] == "/a?token=x")
    #expect(message?.texts["request_domain"] == "h.example")
    #expect(message?.texts["http_referer"] == "http://b/c?d=e")
  }

  @Test func aNameHasLettersOrDigits() {
    var rules = PrivacyRules()
    let areNames = ["-_-", String(repeating: "x", count: 65)].map { rules.add(secretName: $0) }
    #expect(areNames == [false, false])
  }

  @Test(
    arguments: [
      ("curl/8.5.0", "curl/8.5.0"), ("Mozilla/5.0 (X11; rv:109.0)", "Mozilla/5.0 (X11; rv:109.0)"),
      ("x Bearer abc.def y", "x Bearer ? y"), ("Basic YTpi", "Basic ?"),
      ("token=abc; a=b", "token=?; a=b"),
      ("api-key: \"a b\" c", "api-key: ? c"), ("see http://a:b@h/x", "see http:?@h/x"),
      ("ann:pw@h", "?@h"), ("eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "?"),
    ])
  func aTextLosesItsCredentials(agent: String, shown: String) {
    let message = request("GET / HTTP/1.1\r\nUser-Agent: \(agent)\r\n\r\n", PrivacyRules())
    #expect(message?.texts["http_user_agent"] == shown)
  }

  /// Texts are searched many bytes at a time: what is found must not depend on where it stands in them.
  @Test(
    arguments: [
      ("token/abcdef/x", "token/?/x"), ("a-p-i-k-e-y/k1", "a-p-i-k-e-y/?"), ("JWT/k1", "JWT/?"),
      ("pwd=k1", "pwd=?"), ("secret:k1", "secret:?"), ("passphrase/k1", "passphrase/?"),
      ("eyJhbGciOiJIUzI1NiJ9/x", "?/x"), ("s_e_c_r_e_t/k1", "s_e_c_r_e_t/?"),
      ("a;jsessionid=k1/b", "a;jsessionid=?/b"),
    ])
  func aSecretIsFoundWhereverItStands(path: String, shown: String) {
    for count in 0..<40 {
      let ahead = String(repeating: "a", count: count)
      let message = request("GET /\(ahead)/\(path) HTTP/1.1\r\n\r\n", PrivacyRules())
      #expect(message?.texts["request_resource"] == "/\(ahead)/\(shown)")
      let behind = request("GET /\(path)/\(ahead) HTTP/1.1\r\n\r\n", PrivacyRules())
      #expect(behind?.texts["request_resource"]?.hasPrefix("/\(shown)") == true)
    }
  }

  @Test(
    arguments: [
      ("Bearer abc", "Bearer ?"), ("basic YTpi", "basic ?"), ("token=abc", "token=?"),
      ("pwd: abc", "pwd: ?"), ("ann:pw@h", "?@h"), ("eyJhbGciOiJIUzI1NiJ9.e30", "?"),
    ])
  func aCredentialIsFoundWhereverItStands(text: String, shown: String) {
    for count in 0..<40 {
      let ahead = String(repeating: "x", count: count) + " "
      let message = request(
        "GET / HTTP/1.1\r\nUser-Agent: \(ahead)\(text)\r\n\r\n", PrivacyRules())
      let expected = ahead + shown
      #expect(message?.texts["http_user_agent"] == (count == 0 ? shown : expected))
    }
  }

  private func request(_ text: String, _ rules: PrivacyRules) -> ExpectedMessage? {
    var driver = ParserDriver(HTTP1(), privacy: rules)
    driver.feed(Array(text.utf8), from: .client)
    #expect(driver.violations == [])
    return driver.messages.first
  }
}
