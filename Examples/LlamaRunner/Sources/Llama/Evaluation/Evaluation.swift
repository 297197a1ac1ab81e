internal import Foundation

/// How the model reads a window.
public enum EvaluationMode: String, Sendable, Codable {
  /// All tokens in one forward pass.
  case wholeWindow = "whole window"
  /// One token at a time, as in the generation of text.
  case stepByStep = "step by step"
}

/// The effect of one cache on the model's predictions.
public struct Evaluation: Sendable, Codable {
  /// The cache.
  public let name: String
  /// The negative log-likelihood of the text, in nats per token.
  public let loss: Estimate
  /// `exp` of the mean loss.
  public let perplexity: Double
  /// The loss minus the loss of the first setting, token by token.
  public let increase: Estimate
  /// The Kullback-Leibler divergence from the first setting's predictions, in nats per token.
  public let divergence: Estimate
  /// The mean divergence of each window.
  public let windowDivergences: [Double]
  /// The share of tokens after which the same token is likeliest as with the first setting.
  public let agreement: Estimate
  /// The bits that a coordinate of keys and values takes at the end of a window, all else included.
  public let bitsPerCoordinate: Double
  /// The time of the forward passes, in seconds.
  public let seconds: Double
  /// The number of tokens read.
  public let tokens: Int
}

/// Reads a text with several caches and compares the predictions.
public struct Evaluator: Sendable {
  private let model: LlamaModel
  private let mode: EvaluationMode
  private let prompt: Int

  /// Creates an evaluator; in step-by-step mode, it reads the first `prompt` tokens of a window in one
  /// pass.
  public init(model: LlamaModel, mode: EvaluationMode, prompt: Int = 1) {
    precondition(prompt > 0)
    self.model = model
    self.mode = mode
    self.prompt = prompt
  }

  /// Evaluates settings on windows of tokens.
  ///
  /// Each window goes through all settings before the next one. So only the first setting's predictions
  /// for a single window are kept.
  ///
  /// - Parameters:
  ///   - windows: At least one; equally long, with at least two tokens each.
  ///   - settings: At least one; the others are compared with the first.
  ///   - progress: Called after each window with the number of finished windows.
  /// - Returns: One result per setting.
  /// - Throws: `ModelError`, also for losses that are not finite, or the error of a cache.
  public func evaluate(
    windows: [[Int]], settings: [CacheSetting], progress: (Int) -> Void = { _ in }
  ) throws -> [Evaluation] {
    guard let length = windows.first?.count, length > 1, !settings.isEmpty,
      windows.allSatisfy({ $0.count == length })
    else { throw ModelError.noTokens }
    var tallies = settings.map { Tally(name: $0.name) }
    for (index, window) in windows.enumerated() {
      var reference: Predictions?
      for (setting, cache) in settings.enumerated() {
        let predictions = try predict(window, cache, reference, &tallies[setting])
        if setting == 0 { reference = predictions }
      }
      progress(index + 1)
    }
    let coordinates =
      2 * model.configuration.layerCount * model.configuration.keyValueHeadCount
      * model.configuration.headDimension
    return tallies.map {
      $0.result(
        against: tallies[0], tokens: windows.count * length, coordinates: coordinates)
    }
  }

  /// Reads a window; returns also the log-probabilities if there is no reference to compare them with.
  private func predict(
    _ window: [Int], _ setting: CacheSetting, _ reference: Predictions?, _ tally: inout Tally
  ) throws -> Predictions {
    let width = model.configuration.vocabularySize
    var caches = try model.makeCaches { try setting.make(model.configuration.cacheShape, $0) }
    var (losses, divergences) = ([Float](), [Float]())
    var kept = Predictions()
    var start = 0
    while start < window.count {
      let step =
        mode == .wholeWindow ? window.count : start == 0 ? min(prompt, window.count) : 1
      defer { start += step }
      let began = ContinuousClock.now
      let tokens = Array(window[start..<start + step])
      var logits = try model.forward(tokens, caches: &caches, logits: .all)
      tally.seconds += (ContinuousClock.now - began) / .seconds(1)
      // The last token of a window has no successor to predict.
      let rows = min(start + step, window.count - 1) - start
      logits.removeLast(logits.count - rows * width)
      Vectors.logSoftmax(&logits, width: width)
      losses += (0..<rows).map { -logits[$0 * width + window[start + $0 + 1]] }
      guard losses.suffix(rows).allSatisfy(\.isFinite) else { throw ModelError.notFinite }
      kept.likeliest += Vectors.likeliest(logits, width: width)
      if let reference {
        let same = reference.logarithms[start * width..<(start + rows) * width]
        divergences += Vectors.divergences(same, logits, width: width)
      } else {
        divergences += [Float](repeating: 0, count: rows)
        kept.logarithms += logits
      }
    }
    tally.losses.append(losses)
    tally.divergences.append(divergences)
    tally.agreements.append(
      zip(kept.likeliest, (reference ?? kept).likeliest).map { $0 == $1 ? 1 : 0 })
    tally.bytes += caches.reduce(0) { $0 + $1.byteCount }
    return kept
  }
}

/// What a model predicts in a window.
private struct Predictions {
  /// Log-probabilities, one row per token.
  var logarithms: [Float] = []
  /// The likeliest next token, after each token.
  var likeliest: [Int] = []
}

/// The values collected for one setting, one row per window.
private struct Tally {
  let name: String
  var losses: [[Float]] = []
  var divergences: [[Float]] = []
  var agreements: [[Float]] = []
  var bytes = 0
  var seconds = 0.0

  /// The result of reading `tokens` tokens, each with `coordinates` numbers of keys and values.
  func result(against first: Tally, tokens: Int, coordinates: Int) -> Evaluation {
    let loss = Estimate(windows: losses)
    let differences = zip(losses, first.losses).map { zip($0, $1).map { $0 - $1 } }
    return Evaluation(
      name: name, loss: loss, perplexity: exp(loss.mean),
      increase: Estimate(windows: differences), divergence: Estimate(windows: divergences),
      windowDivergences: divergences.map { Estimate(windows: [$0]).mean },
      agreement: Estimate(windows: agreements),
      bitsPerCoordinate: 8 * Double(bytes) / Double(tokens * coordinates), seconds: seconds,
      tokens: tokens)
  }
}
