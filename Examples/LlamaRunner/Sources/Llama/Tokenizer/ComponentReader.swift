/// Reads the components of a `tokenizer.json`; refuses by name those that are not implemented.
enum ComponentReader {
  /// A component with its type, or the components of a sequence with their types.
  private static func parts(
    _ component: JSONObject?, list: ExactText
  ) throws -> [(type: ExactText, fields: JSONObject)] {
    guard var component else { return [] }
    let type: ExactText = try component.required("type")
    guard type == "Sequence" else { return [(type, component)] }
    let members = try component.objects(list)
    try component.refuseUnread()
    return try members.flatMap { try parts($0, list: list) }
  }

  /// Whether text is normalized to form C.
  static func normalizes(_ component: JSONObject?) throws -> Bool {
    let parts = try parts(component, list: "normalizers")
    for part in parts {
      guard part.type == "NFC" else {
        throw part.fields.unsupported("has normalizer \(part.type), supported is none or NFC")
      }
      try part.fields.refuseUnread()
    }
    return !parts.isEmpty
  }

  /// The splitter of `ByteLevel` with its own expression, or of `Split` followed by `ByteLevel`.
  static func splitter(_ component: JSONObject?, in file: JSONObject) throws -> WordSplitter {
    let parts = try parts(component, list: "pretokenizers")
    guard var last = parts.last, last.type == "ByteLevel", parts.count <= 2 else {
      let found = parts.map(\.type.description).joined(separator: ", ")
      throw file.unsupported(
        "has pre_tokenizer \(found.isEmpty ? "null" : found), supported is ByteLevel, or Split and "
          + "then ByteLevel")
    }
    let usesOwn = try byteLevel(&last.fields, addsSpace: false)
    guard parts.count == 2 else {
      guard usesOwn else {
        throw file.unsupported("has ByteLevel without use_regex, supported is with it")
      }
      return .gpt2
    }
    var split = parts[0]
    guard split.type == "Split", !usesOwn else {
      throw file.unsupported(
        "has pre_tokenizer \(split.type) before ByteLevel, supported is Split before one without "
          + "use_regex")
    }
    try split.fields.expect("behavior", "Isolated")
    try split.fields.expect("invert", .bool(false))
    guard var pattern = try split.fields.object("pattern") else {
      throw file.damaged("has no \(split.fields.place("pattern")), expected an object")
    }
    let expression: ExactText? = try pattern.optional("Regex")
    guard let expression, let splitter = WordSplitter.byPattern[expression] else {
      throw file.unsupported(
        "has Split by \(JSONValue.object(pattern.entries)), supported are the expressions of "
          + "GPT-2, Llama 3 and Qwen2")
    }
    try pattern.refuseUnread()
    try split.fields.refuseUnread()
    return splitter
  }

  /// Reads `ByteLevel`; returns whether it splits by its own expression.
  private static func byteLevel(
    _ fields: inout JSONObject, addsSpace supported: Bool? = nil
  ) throws -> Bool {
    let addsSpace: Bool = try fields.required("add_prefix_space")
    if let supported, addsSpace != supported {
      throw fields.unsupported(
        "has \(fields.place("add_prefix_space")) \(addsSpace), supported is \(supported)")
    }
    _ = try fields.optional("trim_offsets", as: Bool.self)  // Offsets are not kept.
    let usesOwn = try fields.optional("use_regex", as: Bool.self) ?? true
    try fields.refuseUnread()
    return usesOwn
  }

  static func checkDecoder(_ component: JSONObject?, in file: JSONObject) throws {
    var parts = try parts(component, list: "decoders")
    guard parts.count == 1, parts[0].type == "ByteLevel" else {
      let found = parts.map(\.type.description).joined(separator: ", ")
      throw file.unsupported(
        "has decoder \(found.isEmpty ? "null" : found), supported is ByteLevel")
    }
    _ = try byteLevel(&parts[0].fields)
  }

  /// The tokens before and after a single text.
  static func template(_ component: JSONObject?) throws -> (prefix: [Int], suffix: [Int]) {
    var template: (prefix: [Int], suffix: [Int])?
    for var part in try parts(component, list: "processors") {
      switch part.type {
      case "ByteLevel": _ = try byteLevel(&part.fields)  // It moves offsets only.
      case "TemplateProcessing":
        guard template == nil else {
          throw part.fields.unsupported("has TemplateProcessing twice, supported is once")
        }
        template = try single(&part.fields)
      default:
        throw part.fields.unsupported(
          "has post_processor \(part.type), supported are ByteLevel and TemplateProcessing")
      }
    }
    return template ?? ([], [])
  }

  private static func single(_ fields: inout JSONObject) throws -> (prefix: [Int], suffix: [Int]) {
    let names = try fields.object("special_tokens")
    var (before, after): ([Int], [Int]?) = ([], nil)
    for var place in try fields.objects("single") {
      if var token = try place.object("SpecialToken") {
        let ids = try ids(of: token.required("id"), names, fields)
        if after == nil { before += ids } else { after? += ids }
      } else {
        guard var text = try place.object("Sequence"), after == nil,
          try text.required("id", as: ExactText.self) == "A"
        else {
          throw fields.unsupported(
            "has \(fields.place("single")) with other places than tokens and the text A, once")
        }
        after = []
      }
      try place.refuseUnread()
    }
    guard let after else {
      throw fields.unsupported("has \(fields.place("single")) without the text A")
    }
    _ = fields.value("pair")  // Two texts are never encoded together.
    try fields.refuseUnread()
    return (before, after)
  }

  /// The ids of a token of the template, under its name among `special_tokens`.
  private static func ids(
    of name: ExactText, _ names: JSONObject?, _ fields: JSONObject
  ) throws -> [Int] {
    var names = names
    guard var token = try names?.object(name) else {
      throw fields.damaged("has no ids for \(name) in \(fields.place("special_tokens"))")
    }
    return try token.required("ids")
  }
}
