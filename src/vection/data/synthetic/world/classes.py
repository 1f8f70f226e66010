"""What things are: Cityscapes' train ids."""

ROAD = 0
SIDEWALK = 1
BUILDING = 2
WALL = 3
POLE = 5
TRAFFIC_LIGHT = 6
SIGN = 7
VEGETATION = 8
TERRAIN = 9
SKY = 10
PERSON = 11
CAR = 13
TRUCK = 14
BUS = 15
