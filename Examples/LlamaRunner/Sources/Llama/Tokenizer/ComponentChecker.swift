/// Reads the components of a `tokenizer.json`, refusing by name what is not implemented.
struct ComponentChecker {
  let file: String

  func damaged(_ reason: String) -> CheckpointError { CheckpointError(.damaged, file, reason) }

  func unsupported(_ found: String, _ expected: String) -> CheckpointError {
    CheckpointError(.unsupported, file, "has \(found), supported is \(expected)")
  }

  func checkModel(_ model: TokenizerFile.Model) throws {
    guard model.type ?? "BPE" == "BPE" else {
      throw unsupported("model \(model.type ?? "")", "BPE")
    }
    let options: [(String, Bool)] = [
      ("dropout", model.dropout ?? 0 != 0),
      ("continuing_subword_prefix", model.continuing_subword_prefix ?? "" != ""),
      ("end_of_word_suffix", model.end_of_word_suffix ?? "" != ""),
      ("byte_fallback", model.byte_fallback ?? false),
    ]
    for (name, isUsed) in options where isUsed { throw unsupported(name, "none") }
  }

  /// Whether text is normalized to form C, the only normalization there is.
  func normalizes(_ component: TokenizerFile.Component?) throws -> Bool {
    let parts = component?.parts ?? []
    for part in parts where part.type != "NFC" {
      throw unsupported("normalizer \(part.type)", "none or NFC")
    }
    return !parts.isEmpty
  }

  /// The splitter of `ByteLevel` with its own expression, or of `Split` before a `ByteLevel`.
  func splitter(_ component: TokenizerFile.Component?) throws -> WordSplitter {
    let parts = component?.parts ?? []
    let expected = "ByteLevel, or Split and then ByteLevel"
    guard let last = parts.last, last.type == "ByteLevel", parts.count <= 2 else {
      let found = parts.map(\.type).joined(separator: ", ")
      throw unsupported("pre_tokenizer \(found.isEmpty ? "null" : found)", expected)
    }
    // The reader's default for what a file leaves out is true.
    guard last.add_prefix_space == false else { throw unsupported("add_prefix_space", "false") }
    let ownExpression = last.use_regex ?? true
    guard parts.count == 2 else {
      guard ownExpression else { throw unsupported("ByteLevel without use_regex", "with it") }
      return .gpt2
    }
    let split = parts[0]
    guard split.type == "Split", !ownExpression else {
      throw unsupported("pre_tokenizer \(split.type) before ByteLevel", expected)
    }
    guard split.behavior == "Isolated", split.invert ?? false == false else {
      throw unsupported("Split with behavior \(split.behavior ?? "null")", "Isolated, not inverted")
    }
    let pattern = split.pattern?.Regex ?? split.pattern?.String ?? "null"
    guard split.pattern?.Regex != nil, let splitter = WordSplitter.byPattern[pattern] else {
      throw unsupported("Split by \(pattern)", "the expressions of GPT-2, Llama 3 and Qwen2")
    }
    return splitter
  }

  func checkDecoder(_ component: TokenizerFile.Component?) throws {
    guard let component, component.parts.map(\.type) == ["ByteLevel"] else {
      throw unsupported("decoder \(component?.type ?? "null")", "ByteLevel")
    }
  }

  func added(_ tokens: [TokenizerFile.AddedToken]) throws -> AddedTokens {
    for token in tokens {
      let options = [
        ("single_word", token.single_word), ("lstrip", token.lstrip), ("rstrip", token.rstrip),
      ]
      for (name, value) in options where value ?? false {
        throw unsupported("\(name) for token \(token.content)", "false")
      }
    }
    return AddedTokens(tokens.map { (Array($0.content.utf8), $0.id, $0.special) })
  }

  /// The tokens before and after a single text.
  func template(_ component: TokenizerFile.Component?) throws -> ([Int], [Int]) {
    var (prefix, suffix): ([Int], [Int]) = ([], [])
    for part in component?.parts ?? [] {
      switch part.type {
      case "ByteLevel": continue  // It moves offsets only.
      case "TemplateProcessing":
        var isBefore = true
        for place in part.single ?? [] {
          if let name = place.SpecialToken?.id {
            guard let ids = part.special_tokens?[name]?.ids else {
              throw damaged("has no ids for \(name) in its template")
            }
            if isBefore { prefix += ids } else { suffix += ids }
          } else {
            isBefore = false
          }
        }
      default:
        throw unsupported("post_processor \(part.type)", "ByteLevel and TemplateProcessing")
      }
    }
    return (prefix, suffix)
  }
}
