/// ‖x − y‖².
func squaredDistance(_ x: [Float], _ y: [Float]) -> Double {
  zip(x, y).reduce(0) { sum, pair in
    let difference = Double(pair.0) - Double(pair.1)
    return sum + difference * difference
  }
}
