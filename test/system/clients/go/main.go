// Sends the telemetry that comes on standard input with OpenTelemetry's SDK for Go, and prints what the SDK chose.
//
// Usage: go-client http/protobuf|grpc ENDPOINT. Compression and timeouts are the SDK's own variables.
package main

import (
	"context"
	"encoding/json"
	"os"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/resource"
)

type results struct {
	mutex   sync.Mutex
	errors  []string
	exports map[string][]bool
}

func (all *results) ended(signal string, err error) error {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	all.exports[signal] = append(all.exports[signal], err == nil)
	return err
}

// Handle takes what the SDK has to say, such as a partial success.
func (all *results) Handle(err error) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	all.errors = append(all.errors, err.Error())
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func check(err error) {
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
	}
}

func main() {
	protocol, endpoint := os.Args[1], os.Args[2]
	var sent plan
	check(json.NewDecoder(os.Stdin).Decode(&sent))
	all := &results{errors: []string{}, exports: map[string][]bool{"traces": {}, "metrics": {}, "logs": {}}}
	otel.SetErrorHandler(all)
	ctx := context.Background()
	defaults := resource.Default()
	from := must(resource.Merge(defaults, resource.NewSchemaless(keyValues(sent.Resource)...)))

	traced := sendSpans(ctx, protocol, endpoint, sent, from, all)
	measured := sendMetrics(traced.first, protocol, endpoint, sent, from, all)
	sendLogs(ctx, traced.first, protocol, endpoint, sent, from, all)
	check(traced.provider.Shutdown(ctx))

	chosen := map[string]string{}
	for _, one := range defaults.Attributes() {
		chosen[string(one.Key)] = one.Value.Emit()
	}
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"resource": chosen,
		"spans":    traced.ids,
		"metrics":  measured,
		"handled":  []any{},
		"results":  all.exports,
		"errors":   all.errors,
	}))
}
