import Metrics
import Testing

@Suite struct `Metrics as text` {
    private func text(_ format: Exposition.Format, _ add: (inout Exposition) -> Void) -> String {
        var exposition = Exposition(format)
        add(&exposition)
        return String(decoding: exposition.finish(), as: UTF8.self)
    }

    @Test func `a counter has its suffix in the samples, and in the older format also in its name`() {
        let add: (inout Exposition) -> Void = { $0.counter("c", "Help.", by: "reason", [("a", 1), ("b", 0)]) }
        let samples = "c_total{reason=\"a\"} 1\nc_total{reason=\"b\"} 0\n"
        #expect(text(.prometheus, add) == "# HELP c_total Help.\n# TYPE c_total counter\n" + samples)
        #expect(text(.openMetrics, add) == "# HELP c Help.\n# TYPE c counter\n" + samples + "# EOF\n")
    }

    @Test func `a label cannot end its quotation marks`() {
        let text = text(.prometheus) { $0.gauge("g", "Help.", 1, [("v", "a\"b\\c\nd")]) }
        #expect(text.hasSuffix("\ng{v=\"a\\\"b\\\\c\\nd\"} 1\n"))
    }

    @Test func `a histogram counts each bucket with all before it, and seconds have no rounding`() {
        let histogram = Histogram()
        for duration in [0, 50_000, 50_001, 999_999_999, 1_000_000_000, 1_000_000_001, 99_000_000_000] as [UInt64] {
            histogram.observe(duration)
        }
        let text = text(.prometheus) { $0.histogram("h", "Help.", histogram.distribution) }
        for line in [
            "h_bucket{le=\"0.00005\"} 2", "h_bucket{le=\"0.0001\"} 3", "h_bucket{le=\"0.5\"} 3",
            "h_bucket{le=\"1.0\"} 5", "h_bucket{le=\"2.5\"} 6", "h_bucket{le=\"10.0\"} 6", "h_bucket{le=\"+Inf\"} 7",
            "h_sum 102.000100001", "h_count 7",
        ] {
            #expect(text.contains("\n\(line)\n"), "\(line)")
        }
    }

    @Test func `every duration lands in the first bucket whose bound it does not exceed`() {
        for bound in Histogram.bounds {
            for duration in [bound - 1, bound, bound + 1] {
                let histogram = Histogram()
                histogram.observe(duration)
                let expected = Histogram.bounds.firstIndex { duration <= $0 } ?? Histogram.bounds.count
                #expect(histogram.distribution.counts[expected] == 1)
            }
        }
        for power in 0..<64 {
            let histogram = Histogram()
            histogram.observe(1 << UInt64(power))
            let expected = Histogram.bounds.firstIndex { 1 << UInt64(power) <= $0 } ?? Histogram.bounds.count
            #expect(histogram.distribution.counts[expected] == 1)
        }
    }

    @Test func `a quantile is the bound of its bucket`() {
        let histogram = Histogram()
        #expect(histogram.distribution.quantile(0.5) == nil)
        for _ in 0..<99 { histogram.observe(60_000) }
        histogram.observe(3_000_000)
        #expect(histogram.distribution.quantile(0.5) == 100_000)
        #expect(histogram.distribution.quantile(0.99) == 100_000)
        #expect(histogram.distribution.quantile(1) == 5_000_000)
    }
}
