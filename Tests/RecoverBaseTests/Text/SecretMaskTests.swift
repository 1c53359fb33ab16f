internal import RecoverBase
internal import Testing

struct SecretMaskTests {
  @Test(
    "what usually holds a secret is hidden, and what does not stays",
    arguments: [
      (
        "fatal: unable to access 'https://user:canary@host/x.git/'",
        "fatal: unable to access 'https://user:***@host/x.git/'"
      ),
      ("https://canary@github.com/x", "https://***@github.com/x"),
      (
        "postgres://app@db1/app and postgres://app:can:ary@db1/app",
        "postgres://app@db1/app and postgres://app:***@db1/app"
      ),
      ("http://host/a@b:c", "http://host/a@b:c"), ("PGPASSWORD=canary psql", "PGPASSWORD=*** psql"),
      ("api_key='canary', x=1", "api_key='***', x=1"), ("Authorization: Bearer canary", "Authorization: Bearer ***"),
      ("password: none, token count 5", "password: none, token count 5"), ("", ""), ("token=", "token="),
      ("ssh://git@host/x", "ssh://git@host/x"), ("a://b://c:canary@d", "a://b://c:***@d"),
    ])
  func forms(text: String, masked: String) {
    #expect(SecretMask.masked(text) == masked)
  }

  @Test("secrets that are known are hidden wherever they stand, short ones never")
  func known() {
    let secrets = SecretMask.secrets(in: ["DEPLOY_TOKEN": "canary-1", "PATH": "/usr/bin", "X_PASSWORD": "abc"])
    #expect(secrets == ["canary-1"])
    #expect(SecretMask.masked("xcanary-1ycanary-1", known: secrets) == "x***y***")
    #expect(SecretMask.masked("abc", known: ["abc"]) == "abc")
  }
}
