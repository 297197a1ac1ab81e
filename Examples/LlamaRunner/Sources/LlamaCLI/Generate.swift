import Foundation
import Llama

/// Continues a prompt and prints the text as it comes.
func generate(_ words: [String]) throws {
  let arguments = try Arguments(
    words, options: ["model", "cache", "tokens", "temperature", "top-p", "seed"], flags: [],
    positional: 1)
  guard let prompt = arguments.positional.first else {
    throw UsageError("Give a text to continue: llama generate \"Once upon a time\"")
  }
  let count = try arguments.integer("tokens", in: 1...1_000_000) ?? 64
  let seed = try arguments.integer("seed", in: 0...Int.max) ?? 1
  let temperature = try arguments.number("temperature", in: 0...100) ?? 0
  let topP = try arguments.number("top-p", in: 0.000_001...1) ?? 1
  for name in ["seed", "top-p"] where temperature == 0 && arguments[name] != nil {
    throw UsageError(
      "--\(name) goes with a --temperature above 0: at 0 the likeliest token is taken.")
  }
  let folder = try ModelFolder.find(arguments["model"])
  let tokenizer = try Tokenizer(contentsOf: folder.appending(path: "tokenizer.json"))
  let model = try LlamaModel(folder: folder)

  var sampler = Sampler(temperature: Float(temperature), topP: Float(topP), seed: UInt64(seed))
  let setting = try arguments["cache"].map { try CacheSetting($0, for: model) } ?? .float32
  var caches = try model.makeCaches { try setting.make(model.configuration.cacheShape, $0) }
  var decoder = StreamingDecoder(tokenizer)
  let tokens = tokenizer.encode(prompt)
  try model.check(prompt: tokens)
  if let left = model.generation?.notApplied, !left.isEmpty {
    Terminal.printError(
      "generation_config.json asks for \(left.joined(separator: ", ")); the options decide instead."
    )
  }
  try Terminal.write(prompt)
  var produced = 0
  let began = ContinuousClock.now
  let end = try model.generate(
    after: tokens, count: count, sampler: &sampler, caches: &caches
  ) { token in
    produced += 1
    try Terminal.write(decoder.add(token))
  }
  try Terminal.write(decoder.finish() + "\n")
  let seconds = (ContinuousClock.now - began) / .seconds(1)
  if Terminal.showsProgress {
    let rate = String(format: "%.0f", Double(produced) / seconds)
    Terminal.printError("\(produced) tokens, \(rate) a second")
  }
  if end == .context {
    Terminal.printError(
      "The model's context of \(model.configuration.contextLength) tokens is full.")
  }
}
