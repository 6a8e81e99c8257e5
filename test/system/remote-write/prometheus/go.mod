module davy.test/prometheus
go 1.26
require github.com/prometheus/prometheus v0.310.0
