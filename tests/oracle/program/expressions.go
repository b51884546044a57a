package main

import (
	"context"
	"encoding/json"
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

// celOp evaluates as the scheduler does: stored-expressions environment and
// default cost limit, which are the defaults of cel.Options.
func celOp(line []byte) answer {
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
	compiled := compiler.CompileCELExpression(request.Expression, cel.Options{DisableCostEstimation: true})
	if compiled.Error != nil {
		return answer{"compile_error": compiled.Error.Error()}
	}
	timeout := defaultTimeout
	if request.TimeoutSeconds > 0 {
		timeout = time.Duration(request.TimeoutSeconds * float64(time.Second))
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	match, details, err := compiled.DeviceMatches(ctx, cel.Device{
		Driver:                   request.Driver,
		AllowMultipleAllocations: request.Device.AllowMultipleAllocations,
		Attributes:               request.Device.Attributes,
		Capacity:                 request.Device.Capacity,
	})
	reply := answer{"match": match}
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
