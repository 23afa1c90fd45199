import{a as r,b as o}from"./chunk-LH5KNXNM.js";import"./chunk-HFT2X76T.js";import"./chunk-OOJM4CTU.js";export{r as RailroadEbnfModule,o as createRailroadEbnfServices};
