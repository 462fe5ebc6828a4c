"""Words of which usernames are made: short, plain, and told apart when they are read out."""

_TEXT = """
acorn alder almond amber anchor apple apron arbor arrow aspen atlas autumn badger bamboo banjo
barley basil beacon beaver berry birch bison blanket blossom boulder bramble branch breeze
bridge brook bucket butter button cabin cactus camel candle canoe canyon caramel cedar cello
cherry chestnut cinder citrus clover cobalt cocoa comet copper coral cotton cradle crane cricket
crystal cypress daisy delta denim desert dolphin drum eagle ember engine falcon feather fennel
fern fiddle field finch flint forest fossil fountain fox gadget garden garnet gazelle geyser
ginger glacier granite grape gravel grove guitar hammer harbor harvest hazel heather heron
hickory honey horizon igloo indigo island ivory ivy jacket jasmine jigsaw juniper kayak kettle
kite koala ladder lagoon lantern laurel lemon lilac lily linen llama lobster locket lotus lumber
lunar magnet mango maple marble meadow melon meteor mint mirror mitten mosaic moss nectar needle
nickel nutmeg oak oasis ocean olive onyx orbit orchard orchid osprey otter oyster paddle panda
papaya parsley pebble pelican pepper petal pigeon pine planet plaza plum pocket polar pollen
poplar prairie puzzle quartz quill quilt rabbit raccoon radish raven reef ribbon river robin
rocket rowan saddle saffron sage salmon sandal sapphire satin scarf shadow shell silver sparrow
spruce squash summit sunset thistle thunder tiger timber topaz trumpet tulip tundra turtle
valley vanilla velvet violet walnut walrus willow window winter wren yarrow zebra zephyr
"""
WORDS = tuple(_TEXT.split())
