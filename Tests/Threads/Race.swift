// Two threads add to one number without order, through the helper that all parallel code uses.
// `Tests/Threads/run` compiles this file with that helper and expects ThreadSanitizer to complain.

private final class Number: @unchecked Sendable {
  var value = 0
}

@main enum Race {
  static func main() {
    let number = Number()
    _ = Parallel.map(2, threads: 2) { _ in
      for _ in 0..<1_000_000 { number.value += 1 }
    }
    print(number.value)
  }
}
