package main

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
)

type attributeOf struct {
	Key   string
	Type  string
	Value json.RawMessage
}

type eventOf struct {
	Name       string
	Time       string
	Attributes []attributeOf
}

type linkOf struct {
	TraceID    string `json:"traceId"`
	SpanID     string `json:"spanId"`
	TraceState string
	Attributes []attributeOf
}

type spanOf struct {
	Name, Kind, Parent, Start, End, Status, Message string
	Attributes                                      []attributeOf
	Events                                          []eventOf
	Links                                           []linkOf
}

type logOf struct {
	Time           string
	SeverityNumber int
	SeverityText   string
	EventName      string
	Body           attributeOf
	Attributes     []attributeOf
	InSpan         bool
}

type instrumentOf struct {
	Name, Kind, Number, Description, Unit string
	Bounds                                []float64
	Values                                []struct {
		Value      float64
		Attributes []attributeOf
	}
}

// plan is what test/system/clients/telemetry.ts describes.
type plan struct {
	Resource                []attributeOf
	Scope                   struct{ Name, Version, SchemaURL string }
	Traceparent, Tracestate string
	Spans                   []spanOf
	Logs                    []logOf
	Instruments             []instrumentOf
}

func decoded[T any](from json.RawMessage) T {
	var value T
	check(json.Unmarshal(from, &value))
	return value
}

func integer(text string) int64 {
	return must(strconv.ParseInt(text, 10, 64))
}

func integers(texts []string) []int64 {
	values := make([]int64, 0, len(texts))
	for _, text := range texts {
		values = append(values, integer(text))
	}
	return values
}

func slice[T any](values []T, valueOf func(T) attribute.Value) attribute.Value {
	all := make([]attribute.Value, 0, len(values))
	for _, value := range values {
		all = append(all, valueOf(value))
	}
	return attribute.SliceValue(all...)
}

func (one attributeOf) value() attribute.Value {
	switch one.Type {
	case "string":
		return attribute.StringValue(decoded[string](one.Value))
	case "bool":
		return attribute.BoolValue(decoded[bool](one.Value))
	case "int":
		return attribute.Int64Value(integer(decoded[string](one.Value)))
	case "double":
		return attribute.Float64Value(decoded[float64](one.Value))
	case "strings":
		return attribute.StringSliceValue(decoded[[]string](one.Value))
	case "bools":
		return attribute.BoolSliceValue(decoded[[]bool](one.Value))
	case "ints":
		return attribute.Int64SliceValue(integers(decoded[[]string](one.Value)))
	case "doubles":
		return attribute.Float64SliceValue(decoded[[]float64](one.Value))
	case "bytes":
		return attribute.ByteSliceValue(must(base64.StdEncoding.DecodeString(decoded[string](one.Value))))
	}
	return anyValue(decoded[any](one.Value))
}

func anyValue(value any) attribute.Value {
	switch value := value.(type) {
	case string:
		return attribute.StringValue(value)
	case bool:
		return attribute.BoolValue(value)
	case float64:
		return attribute.Float64Value(value)
	case []any:
		return slice(value, anyValue)
	case map[string]any:
		all := []attribute.KeyValue{}
		// A map has no order in Go; what the tests send has its keys in the alphabet's.
		for _, key := range slices.Sorted(maps.Keys(value)) {
			all = append(all, attribute.KeyValue{Key: attribute.Key(key), Value: anyValue(value[key])})
		}
		return attribute.MapValue(all...)
	}
	return attribute.Value{}
}

func keyValues(attributes []attributeOf) []attribute.KeyValue {
	all := make([]attribute.KeyValue, 0, len(attributes))
	for _, one := range attributes {
		all = append(all, attribute.KeyValue{Key: attribute.Key(one.Key), Value: one.value()})
	}
	return all
}
