internal import CLlamaKernels

/// A matrix of weights, `outputs` × `inputs`, laid out for multiplication with many rows at once.
struct PackedMatrix: Sendable {
  let outputs: Int
  let inputs: Int
  /// Panels of 16 outputs, each `[inputs][16]`; zeros fill up the last panel.
  private let panels: [Float]

  /// Packs `values`, `[outputs][inputs]`.
  init(_ values: [Float], outputs: Int, inputs: Int) {
    precondition(values.count == outputs * inputs)
    self.outputs = outputs
    self.inputs = inputs
    let panelCount = (outputs + Panel.width - 1) / Panel.width
    var panels = [Float](repeating: 0, count: panelCount * inputs * Panel.width)
    for output in 0..<outputs {
      let panel = output / Panel.width * inputs * Panel.width + output % Panel.width
      for input in 0..<inputs {
        panels[panel + input * Panel.width] = values[output * inputs + input]
      }
    }
    self.panels = panels
  }

  /// The weights of one output; for an embedding, the vector of a token.
  func row(_ output: Int) -> [Float] {
    precondition(output >= 0 && output < outputs)
    let panel = output / Panel.width * inputs * Panel.width + output % Panel.width
    return (0..<inputs).map { panels[panel + $0 * Panel.width] }
  }

  /// The products of `rows` rows of `inputs` floats with every output: `[rows][outputs]`.
  func multiply(_ input: [Float], rows: Int) -> [Float] {
    precondition(input.count == rows * inputs)
    return unsafe [Float](unsafeUninitializedCapacity: rows * outputs) { result, count in
      count = rows * outputs
      unsafe input.withUnsafeBufferPointer { input in
        unsafe panels.withUnsafeBufferPointer { panels in
          if let a = input.baseAddress, let b = panels.baseAddress, let to = result.baseAddress {
            unsafe multiply(a, rows: rows, b, to)
          }
        }
      }
    }
  }

  /// Multiplies in blocks of rows that stay in the second-level cache, and blocks of outputs for threads.
  private func multiply(
    _ input: UnsafePointer<Float>, rows: Int, _ panels: UnsafePointer<Float>,
    _ result: UnsafeMutablePointer<Float>
  ) {
    let rowBlocks = Pieces(total: rows, length: 96)
    let small = rows * outputs * inputs < 1 << 17
    let outputBlocks = Pieces(total: outputs, length: small ? outputs : 8 * Panel.width)
    inParallel(rowBlocks.count * outputBlocks.count) { task in
      let rows = rowBlocks[task / outputBlocks.count]
      let columns = outputBlocks[task % outputBlocks.count]
      unsafe lk_multiply(
        input + rows.lowerBound * inputs, inputs, rows.count,
        panels + columns.lowerBound * inputs, inputs * Panel.width, inputs,
        result + rows.lowerBound * outputs + columns.lowerBound, outputs, columns.count)
    }
  }
}

/// The unit of the packed layout.
enum Panel {
  /// The number of columns per panel.
  static let width = Int(LK_PANEL)
}
