import Foundation
import Testing

@testable import Llama
@testable import LlamaCLI

/// What the commands refuse; what they compute is tested in the library.
@Suite struct CommandTests {
  @Test(
    "Options that cannot be understood, or would be ignored, are wrong use",
    arguments: [
      (["generate"], "Give a text"), (["generate", "a", "--tokens", "0"], "--tokens is 0"),
      (["generate", "a", "--tokens", "-1"], "--tokens is -1"),
      (["generate", "a", "--tokens", "99999999999999999999"], "--tokens is 9"),
      (["generate", "a", "--seed", "3"], "--seed goes with a --temperature"),
      (
        ["generate", "a", "--temperature", "0", "--top-p", ".5"],
        "--top-p goes with a --temperature"
      ),
      (["generate", "a", "--temperature", "nan"], "--temperature is nan"),
      (["generate", "a", "--top-p", "0", "--temperature", "1"], "--top-p is 0"),
      (["generate", "a", "--tokens"], "after --tokens"),
      (["generate", "a", "b"], "one word too many"),
      (["evaluate", "--prompt", "1"], "--prompt goes with --step-by-step"),
      (["evaluate", "--step-by-step", "--prompt", "1024"], "A window has 1024 tokens"),
      (["evaluate", "--windows", "0"], "--windows is 0"), (["speak"], "no command speak"),
      (["calibrate"], "Give the setting"), (["calibrate", "3"], "--output"),
      (["calibrate", "3", "--output", "a", "--kind", "best"], "--kind is best"),
      (["calibrate", "3", "--output", "a", "--windows", "5"], "--windows is 5"),
      (["calibrate", "3", "--output", "a"], "no train.txt"),
    ])
  func wrongUse(words: [String], named: String) {
    let error = #expect(throws: UsageError.self) { try run(words) }
    #expect(error?.description.contains(named) == true, "\(error?.description ?? "")")
  }

  #if os(Linux)
    @Test("An output that cannot be written is an error")
    func fullDisk() throws {
      let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
      let error = #expect(throws: CommandError.self) { try Terminal.write("a", to: full) }
      #expect(error?.description.contains("disk is full") == true)
    }
  #endif

  @Test("A calibration that could not be written is refused before a token is read")
  func unwritableCalibration() {
    let error = #expect(throws: CommandError.self) {
      try run(["calibrate", "3", "--output", "/no/such/a.tqeq"])
    }
    #expect(error?.description.contains("/no/such/a.tqeq cannot be written") == true)
  }

  @Test("A prompt longer than the context is refused before a token is read")
  func longPrompt() throws {
    let model = try Shipped.model()
    #expect(throws: ModelError.context(tokens: 1_025, limit: 1_024)) {
      try model.check(prompt: [Int](repeating: 5, count: 1_025))
    }
    #expect(throws: ModelError.noTokens) { try model.check(prompt: []) }
    #expect(throws: ModelError.token(4_096, vocabularySize: 4_096)) {
      try model.check(prompt: [1, 4_096])
    }
    let prompt = String(repeating: "word ", count: 1_100)
    let error = #expect(throws: ModelError.self) { try run(["generate", prompt, "--tokens", "1"]) }
    #expect(error?.description.contains("at most 1024 tokens, not") == true)
  }

  @Test("A prompt of one token, of none but the beginning, and of the whole context is continued")
  func shortAndLongPrompts() throws {
    let (model, tokenizer) = (try Shipped.model(), try Shipped.tokenizer())
    for prompt in [tokenizer.encode(""), [66]] {
      #expect(prompt.count == 1)
      for text in [nil, "3", "16", "2,sinks=4", "outliers-3,sinks=4", "2,window=8,center=mean"] {
        let setting = try text.map { try CacheSetting($0, for: model) } ?? .float32
        var caches = try model.makeCaches { try setting.make(model.configuration.cacheShape, $0) }
        var (sampler, tokens) = (Sampler.greedy, [Int]())
        let end = try model.generate(
          after: prompt, count: 3, sampler: &sampler, caches: &caches
        ) { tokens.append($0) }
        #expect(end == (tokens.count == 3 ? .length : .endOfText), "\(text ?? "float32")")
        #expect(caches[0].count == prompt.count + tokens.count - 1)
      }
    }
    var (caches, sampler, tokens) = (model.makeFloatCaches(), Sampler.greedy, [Int]())
    let full = try Shipped.windows()[0]
    let end = try model.generate(after: full, count: 5, sampler: &sampler, caches: &caches) {
      tokens.append($0)
    }
    #expect(end == .context && tokens.count == 1)
    var empty = model.makeFloatCaches()
    let none = try model.generate(after: [66], count: 0, sampler: &sampler, caches: &empty) { _ in
      Issue.record("a token was drawn")
    }
    #expect(none == .length && empty[0].count == 1)
  }

  @Test("Info holds the configuration against the weights")
  func info() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "llama-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let config = try String(
      contentsOf: Shipped.folder.appending(path: "config.json"), encoding: .utf8)
    try FileManager.default.copyItem(
      at: Shipped.folder.appending(path: "model.safetensors"),
      to: folder.appending(path: "model.safetensors"))
    for (layers, named) in [(5, "no tensor model.layers.4."), (1 << 24, "num_hidden_layers")] {
      let changed = config.replacing(
        #""num_hidden_layers": 4"#, with: #""num_hidden_layers": \#(layers)"#)
      try Data(changed.utf8).write(to: folder.appending(path: "config.json"))
      let error = #expect(throws: CheckpointError.self) {
        try run(["info", "--model", folder.path])
      }
      #expect(error?.reason.contains(named) == true, "\(error?.reason ?? "")")
    }
  }
}
