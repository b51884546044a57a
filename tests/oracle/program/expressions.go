package main

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	resourceapi "k8s.io/api/resource/v1"
	"k8s.io/dynamic-resource-allocation/cel"
)

type celRequest struct {
	Expression     string             `json:"expression"`
	Device         resourceapi.Device `json:"device"`
	Driver         string             `json:"driver"`
	Features       []string           `json:"features"`
	TimeoutSeconds float64            `json:"timeoutSeconds"`
}

// compilers keeps one per feature set: upstream keeps only the last one, and
// building one takes milliseconds.
var compilers = map[cel.Features]interface {
	CompileCELExpression(expression string, options cel.Options) cel.CompilationResult
}{}

// celOp evaluates a selector as the scheduler does: stored-expressions environment and
// default cost limit, which are the defaults of cel.Options.
func celOp(line []byte) answer {
	return evaluate(line, cel.Options{DisableCostEstimation: true}, func(ctx context.Context, compiled cel.CompilationResult, device cel.Device) (answer, *evalDetails, error) {
		match, details, err := compiled.DeviceMatches(ctx, device)
		return answer{"match": match}, details, err
	})
}

// deriveOp evaluates an expression that derives an attribute.
func deriveOp(line []byte) answer {
	options := cel.Options{DisableCostEstimation: true}
	field := reflect.ValueOf(&options).Elem().FieldByName("DerivedAttribute")
	if !field.IsValid() {
		return invalid("this release derives no attributes")
	}
	field.SetBool(true)
	return evaluate(line, options, func(ctx context.Context, compiled cel.CompilationResult, device cel.Device) (answer, *evalDetails, error) {
		attribute, details, err := derive(ctx, compiled, device)
		return answer{"attribute": attribute}, details, err
	})
}

func evaluate(
	line []byte,
	options cel.Options,
	run func(context.Context, cel.CompilationResult, cel.Device) (answer, *evalDetails, error),
) answer {
	var request celRequest
	if err := json.Unmarshal(line, &request); err != nil {
		return invalid("not a cel request: %v", err)
	}
	features := celFeatures(request.Features)
	compiler, ok := compilers[features]
	if !ok {
		compiler = cel.GetCompiler(features)
		compilers[features] = compiler
	}
	compiled := compiler.CompileCELExpression(request.Expression, options)
	if compiled.Error != nil {
		return answer{"compile_error": compiled.Error.Error()}
	}
	timeout := defaultTimeout
	if request.TimeoutSeconds > 0 {
		timeout = time.Duration(request.TimeoutSeconds * float64(time.Second))
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	device, err := celDevice(request.Driver, request.Device)
	if err != nil {
		return invalid("not a device: %v", err)
	}
	reply, details, err := run(ctx, compiled, device)
	if err != nil {
		if ctx.Err() != nil {
			return answer{"timeout": true}
		}
		reply = answer{"error": err.Error()}
	}
	reply["cost"] = nil
	if details != nil {
		reply["cost"] = details.ActualCost()
	}
	return reply
}
