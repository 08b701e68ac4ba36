import Loop
import Testing

/// `HOST:PORT` as people write it.
struct AddressTests {
  @Test(arguments: [
    ("localhost:80", "localhost", 80), ("127.0.0.1:0", "127.0.0.1", 0),
    ("[::1]:7433", "::1", 7433), ("[fe80::1%eth0]:65535", "fe80::1%eth0", 65_535),
  ])
  func aHostAndAPortAreRead(text: String, host: String, port: UInt16) throws {
    let address = try #require(Address(hostAndPort: text))
    #expect(address == .tcp(host: host, port: port))
    #expect(address.description == text)
  }

  @Test(arguments: [
    "", ":", "localhost", ":80", "localhost:", "localhost:65536", "localhost:-1", "localhost:80:",
    "127.0.0.1::80", "::1:80", "[]:80", "a b:80", "localhost: 80", "localhost:http",
  ])
  func anythingElseIsNot(text: String) {
    #expect(Address(hostAndPort: text) == nil)
  }
}
