//go:build !kube138

package main

import (
	"context"

	celgo "github.com/google/cel-go/cel"
	resourceapi "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/dynamic-resource-allocation/cel"
	"k8s.io/dynamic-resource-allocation/structured"
)

// The types that upstream's functions take and give up to 1.37.

type evalDetails = celgo.EvalDetails

type slice = resourceapi.ResourceSlice

// deriver is what compiled expressions are where attributes can be derived: from 1.37 on.
type deriver interface {
	EvaluateDerivedAttribute(context.Context, cel.Device) (*resourceapi.DeviceAttribute, *evalDetails, error)
}

func derive(ctx context.Context, compiled cel.CompilationResult, device cel.Device) (*resourceapi.DeviceAttribute, *evalDetails, error) {
	return any(compiled).(deriver).EvaluateDerivedAttribute(ctx, device)
}

func celDevice(driver string, device resourceapi.Device) (cel.Device, error) {
	return cel.Device{
		Driver:                   driver,
		AllowMultipleAllocations: device.AllowMultipleAllocations,
		Attributes:               device.Attributes,
		Capacity:                 device.Capacity,
	}, nil
}

func copiesOf(published []*resourceapi.ResourceSlice) ([]*slice, error) {
	copies := make([]*slice, len(published))
	for i, each := range published {
		copies[i] = each.DeepCopy()
	}
	return copies, nil
}

// sharedDevices parses "driver/pool/device/share".
func sharedDevices(texts []string) (sets.Set[structured.SharedDeviceID], error) {
	shares := sets.New[structured.SharedDeviceID]()
	for _, text := range texts {
		parts, err := split(text, 4)
		if err != nil {
			return nil, err
		}
		share := types.UID(parts[3])
		shares.Insert(structured.MakeSharedDeviceID(structured.MakeDeviceID(parts[0], parts[1], parts[2]), &share))
	}
	return shares, nil
}
