//go:build kube138

package main

import (
	"context"
	"fmt"
	"strings"

	celgo "cel.dev/cel-go/cel"
	"github.com/blang/semver/v4"
	resourceapi "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	draapi "k8s.io/dynamic-resource-allocation/api"
	"k8s.io/dynamic-resource-allocation/cel"
	"k8s.io/dynamic-resource-allocation/structured"
)

// The types that upstream's functions take and give from 1.38 on.

type evalDetails = celgo.EvalDetails

type slice = draapi.ResourceSlice

func derive(ctx context.Context, compiled cel.CompilationResult, device cel.Device) (*resourceapi.DeviceAttribute, *evalDetails, error) {
	value, details, err := compiled.EvaluateDerivedAttribute(ctx, device)
	if err != nil {
		return nil, details, err
	}
	attribute, err := attributeOf(value)
	return attribute, details, err
}

func attributeOf(value any) (*resourceapi.DeviceAttribute, error) {
	switch value := value.(type) {
	case bool:
		return &resourceapi.DeviceAttribute{BoolValue: &value}, nil
	case int64:
		return &resourceapi.DeviceAttribute{IntValue: &value}, nil
	case string:
		return &resourceapi.DeviceAttribute{StringValue: &value}, nil
	case semver.Version:
		text := value.String()
		return &resourceapi.DeviceAttribute{VersionValue: &text}, nil
	case []bool:
		return &resourceapi.DeviceAttribute{BoolValues: value}, nil
	case []int64:
		return &resourceapi.DeviceAttribute{IntValues: value}, nil
	case []string:
		return &resourceapi.DeviceAttribute{StringValues: value}, nil
	case []semver.Version:
		texts := make([]string, len(value))
		for i, version := range value {
			texts[i] = version.String()
		}
		return &resourceapi.DeviceAttribute{VersionValues: texts}, nil
	default:
		return nil, fmt.Errorf("a derived attribute of type %T", value)
	}
}

// celDevice converts the device in a slice of its own, as upstream converts slices only.
func celDevice(driver string, device resourceapi.Device) (cel.Device, error) {
	published := resourceapi.ResourceSlice{Spec: resourceapi.ResourceSliceSpec{
		Driver:  driver,
		Devices: []resourceapi.Device{device},
	}}
	var converted slice
	if err := draapi.Convert_v1_ResourceSlice_To_api_ResourceSlice(&published, &converted, nil); err != nil {
		return cel.Device{}, err
	}
	return cel.Device{
		Driver:                   driver,
		AllowMultipleAllocations: converted.Spec.Devices[0].AllowMultipleAllocations,
		LookupUniqueString:       converted.LookupUniqueString,
		Attributes:               converted.Spec.Devices[0].Attributes,
		Capacity:                 converted.Spec.Devices[0].Capacity,
	}, nil
}

func copiesOf(published []*resourceapi.ResourceSlice) ([]*slice, error) {
	copies := make([]*slice, len(published))
	for i, each := range published {
		copies[i] = &slice{}
		if err := draapi.Convert_v1_ResourceSlice_To_api_ResourceSlice(each.DeepCopy(), copies[i], nil); err != nil {
			return nil, err
		}
	}
	return copies, nil
}

// sharedDevices parses "driver/pool/device" and, of one share, "driver/pool/device/share".
func sharedDevices(texts []string) (sets.Set[structured.DeviceID], error) {
	devices := sets.New[structured.DeviceID]()
	for _, text := range texts {
		count := min(strings.Count(text, "/")+1, 4)
		parts, err := split(text, count)
		if err != nil {
			return nil, err
		}
		devices.Insert(structured.MakeDeviceID(parts[0], parts[1], parts[2]))
	}
	return devices, nil
}
